#!/bin/sh
# Chooses the interpreter (PYTHON=, else the first that is new enough) and hands over to bootstrap.py.
set -eu
cd "$(dirname "$0")/.."

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if [ -n "${PYTHON:-}" ]; then
    if ! command -v "$PYTHON" >/dev/null; then
        echo "PYTHON=$PYTHON is not a program on this machine." >&2
        exit 1
    fi
    if ! new_enough "$PYTHON"; then
        echo "Forecourt needs Python 3.11 or newer, but PYTHON=$PYTHON is $("$PYTHON" --version 2>&1)." >&2
        exit 1
    fi
    exec "$PYTHON" -B scripts/bootstrap.py "$@"
fi
for candidate in python3 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
        exec "$candidate" -B scripts/bootstrap.py "$@"
    fi
done
echo "Forecourt needs Python 3.11 or newer; none of python3, python3.13, python3.12, python3.11 is. Name one with PYTHON=." >&2
exit 1
