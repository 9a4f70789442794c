#!/bin/sh
# Prints the Python to make the virtual environment with: the one that is given, or else the first on the PATH that fits.
# Where there is none it says on stderr what was found instead and what to do. Uses nothing but the shell itself.

SUPPORTED="3.13 3.12 3.11"
# Debian and Ubuntu keep ensurepip, which venv needs, in a package of its own. The code must run on any Python at all.
LOOK='
import sys
try:
    import ensurepip, venv
    told = "venv"
except ImportError:
    told = "bare"
print("%d.%d %s" % (sys.version_info[0], sys.version_info[1], told))
'

refuse() {
    echo "$1" >&2
    exit 1
}

given=$1
if [ -z "$given" ]; then
    set -- python3.13 python3.12 python3.11 python3
fi
bare="" bare_version="" newer="" other=""
for python in "$@"; do
    found=$("$python" -c "$LOOK" 2>/dev/null) || continue
    version=${found% *} minor=${found#3.} minor=${minor% *}
    case " $SUPPORTED " in
    *" $version "*)
        if [ "${found#* }" = venv ]; then
            echo "$python"
            exit 0
        fi
        bare=${bare:-$python} bare_version=${bare_version:-$version}
        ;;
    *)
        case $version in
        3.*) if [ "$minor" -ge 14 ]; then newer=${newer:-$version}; else other=${other:-$version}; fi ;;
        *) other=${other:-$version} ;;
        esac
        ;;
    esac
done

if [ -n "$bare" ]; then
    refuse "Python $bare_version ($bare) cannot make virtual environments: its venv or ensurepip module is missing. Install it (Debian, Ubuntu: apt install python$bare_version-venv), then run make again."
elif [ -n "$newer" ]; then
    refuse "Python $newer was found, but TensorFlow has no release for Python 3.14 or newer yet. Install Python 3.13, 3.12 or 3.11 beside it (uv python install 3.13, or pyenv install 3.13) and name it: make PYTHON=/path/to/python3.13"
elif [ -n "$other" ]; then
    refuse "Python 3.11, 3.12 or 3.13 is needed, but ${given:-python3} is Python $other. Install one of them and name it: make PYTHON=/path/to/python3.13"
fi
refuse "Python 3.11, 3.12 or 3.13 is needed, but ${given:-none} could not be run. Install one of them (Debian, Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3.13"
