#!/bin/sh
# What the container holds beside Python: a wheel, and what streams and servers need of its dependencies, without torch.
#
#     packaging/environment.sh python3.13 FOLDER WHEEL
#
# It fails where that is over 270 MB: a slim image of Python takes what is left of 400.
set -eu
python=$1 folder=$2 wheel=$3 limit=270
here=$(dirname "$0")
"$python" -m venv --without-pip "$folder"
install() { "$python" -m pip --python "$folder/bin/python" install --quiet "$@"; }
install --constraint "$here/../constraints.txt" --requirement "$here/runtime.txt"
install --no-deps "$wheel"
strip --strip-all "$folder"/lib/python3.*/site-packages/_polars_runtime_32/*.so # a fifth of the largest file
find "$folder"/lib/python3.*/site-packages/numpy -path '*/tests/*' -name 'test_*' -delete
"$folder/bin/recurra" info
size=$(($(du --summarize --bytes "$folder" | cut -f1) / 1000000))
echo "$size MB in $folder, of at most $limit"
test "$size" -le "$limit"
