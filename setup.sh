#!/bin/sh
# Sets up what Lemmary needs, in .venv and (on Debian and Ubuntu) through apt.
# Usage: ./setup.sh [base|test|minif2f|triton]
#   base      the prover, the sandbox, the Python environment of requirements.lock, the model (`make setup`)
#   test      that, and Chromium, with which a test looks at the HTML report (`make test`)
#   minif2f   the libraries that miniF2F's Rocq statements and automation want (`make setup-minif2f`)
#   triton    the environment of requirements-triton.lock in .venv-triton, where a test interprets the Triton kernel
#             (`make setup-triton`)
# Invariant: no step is taken twice. A package is installed only when dpkg lacks it, a lock only when its
# environment lacks the stamp named by the lock's hash, the model only when its folder is not there.
# Exit code 3: something outside is missing, and a line says what.
set -eu
cd "$(dirname "$0")"

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 3; }

have_package() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# What apt lacks is seen, and the question for a password asked, before anything else runs beside it.
apt_missing() { # PACKAGES: sets missing and root, the word in front of apt-get
    missing=
    if ! command -v apt-get >/dev/null; then
        say "no apt here: install the equivalents of $* yourself; \`python -m pipeline doctor\` says what is missing"
        return
    fi
    for package in "$@"; do
        have_package "$package" || missing="$missing $package"
    done
    if [ -z "$missing" ]; then
        say "have $*"
    elif [ "$(id -u)" = 0 ]; then
        root=
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
        root=sudo
    else
        fail "packages are missing and this needs root: run \`apt-get install --no-install-recommends$missing\` as root, then this again"
    fi
}

apt_install() { # what apt_missing found
    [ -n "$missing" ] || return 0
    say "installing$missing"
    options="-qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600"
    # shellcheck disable=SC2086 # words on purpose
    $root apt-get $options update &&
        $root env DEBIAN_FRONTEND=noninteractive apt-get $options -y --no-install-recommends install $missing >/dev/null ||
        fail "apt could not install$missing (its own message stands above)"
}

find_python() {
    for python in ${PYTHON:-python3 python3.12 python3.11}; do
        if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    fail "no Python 3.11 or 3.12 found: install one, or name it with PYTHON=/path/to/python"
}

done_already() { [ -e "$1/stamps/$2" ]; }
stamp() { mkdir -p "$1/stamps" && rm -f "$1/stamps/${2%-*}"-* && touch "$1/stamps/$2"; }
digest() { sha256sum <"$1" | cut -c 1-16; }

python_environment() { # FOLDER
    if [ -x "$1/bin/python" ] && "$1/bin/python" -m pip --version >/dev/null 2>&1; then
        say "have $1"
        return
    fi
    python=$(find_python)
    say "making $1 with $python"
    "$python" -m venv --clear "$1" || fail "$python cannot make a virtual environment: on Debian and Ubuntu, \`apt-get install python3-venv\`"
}

python_packages() { # FOLDER LOCK HOW_MANY
    lock=lock-$(digest "$2")
    if done_already "$1" "$lock"; then
        say "have the packages of $2"
        return
    fi
    # Python compiles a module when it is first imported; most of these 28,000 never are.
    pip="$1/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-compile"
    torch=$(grep '^torch==' "$2")
    if [ "$(uname -s)" = Linux ]; then
        # The same version without +cpu is a CUDA build of several gigabytes, so the CPU build is asked for by name.
        say "installing $torch+cpu"
        if ! $pip "$torch+cpu" 2>/dev/null; then
            say "not in the configured package index: taking it from https://download.pytorch.org/whl/cpu"
            $pip --extra-index-url https://download.pytorch.org/whl/cpu "$torch+cpu" ||
                fail "no CPU build of $torch could be installed (pip's message stands above)"
        fi
    fi
    say "installing the other packages of $2 ($3 to fetch the first time)"
    $pip -r "$2" || fail "pip could not install $2 (its message stands above)"
    "$1/bin/python" -c 'import sys, torch; sys.exit(torch.version.cuda is not None)' ||
        fail "the torch in $1 is missing or not a CPU build: remove $1 and run this again"
    stamp "$1" "$lock"
}

model() {
    say "the model SmolLM2-135M-Instruct as safetensors (the first time about a minute)"
    .venv/bin/python -m models.smollm2 || exit 3
}

base() { # MORE DEBIAN PACKAGES
    apt_missing coq libcoq-stdlib libcoq-dpdgraph bubblewrap eprover libnuma1 "$@"
    apt_install & # needs nothing of Python, nor Python of it
    apt=$!
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap wait EXIT # an error of Python's ends this when apt has ended too
    python_environment .venv
    python_packages .venv requirements.lock "about 200, 1.5 GB"
    model
    wait "$apt" || fail "Debian's packages are not all there (apt's message stands above)"
    say "done; \`.venv/bin/python -m pipeline doctor\` checks each part"
}

case "${1:-base}" in
base) base ;;
test) base chromium ;;
minif2f)
    apt_missing libcoq-coquelicot libcoq-mathcomp-ssreflect coinor-csdp
    apt_install
    ;;
triton)
    python_environment .venv-triton
    python_packages .venv-triton requirements-triton.lock "about ten"
    ;;
*)
    echo "error: ./setup.sh takes base, test, minif2f or triton, not '$1'" >&2
    exit 2
    ;;
esac
