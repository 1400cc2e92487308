# shellcheck shell=bash
# Sourced by the scripts: where the repository is, where the .NET 10 SDK is, and a quiet, English dotnet.

repo=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)

# dotnet and its package cache need a home they can write to.
if [[ ! -w ${HOME:-/nonexistent} ]]; then
    export HOME="$repo/artifacts/home"
    mkdir -p "$HOME" 2>/dev/null || true
fi

export DOTNET_CLI_TELEMETRY_OPTOUT=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export DOTNET_CLI_UI_LANGUAGE=en TESTINGPLATFORM_UI_LANGUAGE=en
export DOTNET_GENERATE_ASPNET_CERTIFICATE=false
# Like the projects themselves: no ICU library is needed.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=${DOTNET_SYSTEM_GLOBALIZATION_INVARIANT:-1}

# A .NET root with an SDK that global.json accepts: a released 10.0.100 or later.
has_sdk() {
    [[ -n $1 && -x $1/dotnet ]] && compgen -G "$1/sdk/10.0.[1-9][0-9][0-9]" >/dev/null
}

# Sets DOTNET_ROOT and PATH to the first root that has the SDK; status 1 when there is none.
find_sdk() {
    local on_path='' listed='' root
    on_path=$(command -v dotnet || true)
    for root in "${on_path:+$(dirname "$(readlink -f "$on_path")")}" "${DOTNET_ROOT-}" "$HOME/.dotnet" \
        /usr/share/dotnet /usr/lib/dotnet; do
        if has_sdk "$root"; then
            use_sdk "$root"
            return
        fi
    done
    # A dotnet on PATH can be a wrapper that lies elsewhere than its SDKs.
    if [[ -n $on_path ]]; then
        listed=$("$on_path" --list-sdks 2>/dev/null | sed -n 's|^10\.0\.[1-9][0-9][0-9] \[\(.*\)/sdk\]$|\1|p' | head -n 1 || true)
        if has_sdk "$listed"; then
            use_sdk "$listed"
            return
        fi
    fi
    return 1
}

use_sdk() {
    export DOTNET_ROOT=$1
    case ":$PATH:" in
        ":$1:"*) ;;
        *) export PATH="$1:$PATH" ;;
    esac
}

require_sdk() {
    if ! find_sdk; then
        echo "The .NET 10 SDK was not found; run scripts/setup first." >&2
        exit 1
    fi
}
