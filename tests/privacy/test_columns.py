"""Every column of every table is named by its package's `privacy.py`, as personal or as impersonal."""

from forecourt.migrations import package_metadata
from forecourt.privacy import columns

DECLARED = {
    table.name: {column.name for column in table.columns}
    for metadata in package_metadata()
    for table in metadata.sorted_tables
}


def test_a_new_column_is_either_erased_or_named_as_impersonal() -> None:
    named = {name: personal | impersonal for name, (personal, impersonal) in columns().items()}
    unsaid = {name: sorted(there - named.get(name, frozenset())) for name, there in DECLARED.items()}
    assert {name: left for name, left in unsaid.items() if left} == {}, (
        "say in the package's privacy.py whether these tell of a person; what does has to be exported and erased"
    )


def test_nothing_is_named_that_is_not_there_or_twice() -> None:
    for name, (personal, impersonal) in columns().items():
        assert not personal & impersonal, name
        assert personal | impersonal <= DECLARED[name], name
