#!/usr/bin/env bash
# Resolves the *.in files into *.lock. Needs uv on the PATH or in .tools/.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.tools/uv/bin:$PATH"
links=(); for place in ${PIP_FIND_LINKS:-}; do links+=(--find-links "$place"); done
backend=(); [ -z "${PIP_FIND_LINKS:-}" ] && backend=(--torch-backend cpu)
common=(-q --upgrade-package torch --no-header --no-emit-find-links --no-emit-index-url)
uv pip compile "${common[@]}" --python-version 3.11 "${links[@]}" "${backend[@]}" requirements/app.in -o requirements/app.lock
uv pip compile "${common[@]}" --python-version 3.11 "${links[@]}" "${backend[@]}" requirements/dev.in -c requirements/app.lock -o requirements/dev.lock
uv pip compile "${common[@]}" --python-version 3.10 requirements/bot.in -o requirements/bot.lock
# The CPU build calls itself 2.13.0+cpu; a lock without the suffix serves every platform.
sed -i 's/^\(torch==[0-9.]*\)+cpu/\1/' requirements/app.lock requirements/dev.lock
