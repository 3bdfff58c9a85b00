#!/usr/bin/env bash
# notebooks.sh PROGRAM FOLDER: the notebooks are kept without outputs, and each runs through. 77 where Jupyter is missing.
set -euo pipefail
program=$1 folder=$2

if grep -lE '"(output_type|execution_count": [0-9])' "$folder"/*.ipynb; then
  echo "hold outputs: jupyter nbconvert --clear-output --inplace"
  exit 1
fi
# Debian's python3 has its kernel, whatever python3 stands first on PATH.
convert=(/usr/bin/python3 -m nbconvert)
/usr/bin/python3 -c 'import nbconvert, ipykernel, matplotlib' 2>/dev/null || {
  echo "jupyter-nbconvert, python3-ipykernel and python3-matplotlib are not installed: skipped"
  exit 77
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ITHACA=$program MPLCONFIGDIR=$work IPYTHONDIR=$work JUPYTER_DATA_DIR=$work PYTHONDONTWRITEBYTECODE=1
export PYDEVD_DISABLE_FILE_VALIDATION=1
printf '%s\n' "$folder"/*.ipynb |
  xargs -P 2 -I {} sh -c '"$@" --to notebook --execute --output-dir "$0" {} >"$0/$(basename {}).log" 2>&1 || {
    cat "$0/$(basename {}).log"; exit 1; }' "$work" "${convert[@]}"
