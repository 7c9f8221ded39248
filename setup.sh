#!/usr/bin/env bash
# Builds the two locked environments: .venv (the app, Python 3.11+) and .venv-rasa (Rasa 3.6, Python 3.10).
# Usage: setup.sh [app|dev]. Runs again in a second when nothing changed. Honours PIP_FIND_LINKS, PIP_INDEX_URL,
# PIP_EXTRA_INDEX_URL and PIP_CERT.
set -euo pipefail
cd "$(dirname "$0")"
kind=${1:-app}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf '✗ %s\n' "$*" >&2; exit 2; }

[ -n "${PIP_CERT:-}" ] && export SSL_CERT_FILE="${SSL_CERT_FILE:-$PIP_CERT}"
export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-${PIP_DEFAULT_TIMEOUT:-120}}"

free_mib() { df -Pm . | awk 'NR==2 {print $4}'; }
fingerprint() { cat "$@" | sha256sum | cut -c1-16; }

find_uv() {
    if command -v uv >/dev/null 2>&1; then command -v uv; return; fi
    if [ ! -x .tools/uv/bin/uv ]; then
        say "第一次使用:把 uv 装进 .tools/ (bringing uv into .tools/)"
        python3 -m venv .tools/uv >/dev/null 2>&1 ||
            die "python3 -m venv 不能用:请先装 python3-venv,或自行安装 uv (python3 -m venv does not work; install python3-venv or uv)"
        .tools/uv/bin/python -m pip install -q --disable-pip-version-check uv >&2 ||
            die "装不上 uv:请检查网络或 PIP_INDEX_URL (cannot install uv; check the network or PIP_INDEX_URL)"
    fi
    echo "$PWD/.tools/uv/bin/uv"
}

# environment folder, Python version, lock file, extra uv arguments
build() {
    local folder=$1 version=$2 lock=$3; shift 3
    local stamp="$folder/.jiehua-lock" want; want="$(fingerprint "$lock" setup.sh) $version"
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return 0
    [ "$(free_mib)" -gt 5000 ] || die "磁盘剩余不足 5 GB,两个环境装不下 (less than 5 GB of free disk)"
    if [ ! -x "$folder/bin/python" ]; then
        "$UV" venv -q --python "$version" "$folder" 2>/dev/null ||
            die "没有找到 Python $version。用 pyenv install $version、uv python install $version 或系统包管理器装上,再运行一次 (no Python $version found)"
    fi
    say "安装 $folder ($lock)…"
    "$UV" pip install -q --python "$folder/bin/python" "${sources[@]}" "$@" -r "$lock" ||
        die "$folder 没有装好:见上面的错误;修好后再运行 make setup (installing into $folder failed)"
    echo "$want" > "$stamp"
}

# A chat client made for Rasa, which a browser test points at the gateway. Its one built file has all it needs in it, so
# nothing it depends on is installed, and none of its scripts is run. What cannot be had leaves that test out (in CI: red).
client() {
    local lock=requirements/client.lock folder=.tools/client name digest fresh
    read -r name digest < "$lock"
    [ -f "$folder/.lock" ] && cmp -s "$lock" "$folder/.lock" && return 0
    command -v npm >/dev/null 2>&1 || { say "没有 npm,$name 的测试会跳过 (no npm: the test of $name is left out)"; return 0; }
    rm -rf "$folder" && mkdir -p "$folder"
    (cd "$folder" && npm pack "$name" --ignore-scripts --silent >/dev/null) ||
        { say "拿不到 $name,它的测试会跳过 (cannot get $name: its test is left out)"; return 0; }
    fresh=$(echo "$folder"/*.tgz)
    echo "$digest  $fresh" | sha512sum --check --quiet >&2 || die "$name 与 $lock 记下的不一样 ($name is not what $lock names)"
    tar -xzf "$fresh" -C "$folder" --strip-components=1 package/lib/index.js package/LICENSE && rm "$fresh"
    cp "$lock" "$folder/.lock"
}

UV=$(find_uv)
sources=()
[ -n "${PIP_INDEX_URL:-}" ] && sources+=(--default-index "$PIP_INDEX_URL")
[ -n "${PIP_EXTRA_INDEX_URL:-}" ] && for url in $PIP_EXTRA_INDEX_URL; do sources+=(--index "$url"); done
torch=()
if [ -n "${PIP_FIND_LINKS:-}" ]; then
    for place in $PIP_FIND_LINKS; do sources+=(--find-links "$place"); done
elif [ "$(uname -s)" = Linux ]; then
    torch=(--torch-backend cpu)  # the default Linux build of torch brings several GB of CUDA along
fi

lock=requirements/app.lock
# An environment that already has the test tools keeps them.
if [ "$kind" = dev ] || [ -f .venv/.jiehua-dev ]; then lock=requirements/dev.lock; fi
build .venv 3.11 "$lock" "${torch[@]}"
[ "$kind" = dev ] && touch .venv/.jiehua-dev && client
build .venv-rasa 3.10 requirements/bot.lock
if [ ! -x .venv/bin/jiehua ] || [ pyproject.toml -nt .venv/bin/jiehua ]; then
    "$UV" pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e . ||
        die "jiehua 命令没有装好 (installing the jiehua command failed)"
    touch .venv/bin/jiehua
fi
