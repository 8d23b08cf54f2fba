"""Supplier files into the catalogue: streamed, checked line by line, one transaction per file, undone exactly.

    file ──▶ reading.py        which format is it?
               ├── aces.py     ┐
               ├── pies.py     │ Head, then Line, Item or Fault for each record, then End
               ├── csv_file.py │ (records.py)
               └── xlsx_file.py┘
                     ▼
             judging.py        what a record says is possible, as far as reference lists tell (references.py)
                     ▼
             staging.py        COPY into tables of the transaction
                     ▼
             crosschecks.py    what records say of one another: duplicates, overlaps
                     ▼
             merging.py        parts, numbers, prices, relations, lines into the catalogue; undoing.py takes them out
                     ▼
             stored.py         the import's row and its findings

`running.py` lists the steps in their order; `exporting.py` writes ACES files from the catalogue.
"""
