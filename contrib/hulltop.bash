# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of hulltop for bash.

_hulltop() {
    local word=$2 previous=$3 names before
    local commands='check demo record replay doctor'
    local questions='builds added-code privileged packages secrets drift'
    local views='build-jobs builds containers drift-code drift-layers drift-locks everything findings
        packages-lists packages-pending packages-running-old packages-stack packages-support pods
        privileged-containers privileged-posture processes secrets-configuration secrets-datastore
        secrets-exposed secrets-keepers secrets-transit timeline'
    local options='--docker --cri --kubeconfig --context --node --root --etcd-db --etcd --etcd-ca
        --exec-credentials --etcd-cert --etcd-key --advisories --from --manifests
        --pod-security-version --only --format --fail-on --baseline
        --strict --quiet --role --timeout --interval
        --lists-days --open --color --theme --ascii --plain --utc
        --mouse --look-inside --config
        --version --help'

    # bash makes a word of its own of "=".
    if [[ $word == = ]]; then
        word=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    case $previous in
    --docker) names='none unix:///run/docker.sock' ;;
    --cri) names='none unix:///run/containerd/containerd.sock' ;;
    --only)
        # Behind the last comma.
        mapfile -t COMPREPLY < <(compgen -P "${word%"${word##*,}"}" -W "$questions 1 2 3 4 5 6" -- "${word##*,}")
        compopt -o nospace 2>/dev/null
        return
        ;;
    --format) names='text json sarif node' ;;
    --fail-on) names='critical high medium low info' ;;
    --open) names="$questions $views 0 1 2 3 4 5 6 7 8 9" ;;
    --color) names='auto always never' ;;
    --theme) names='default light mono colour-blind' ;;
    --pod-security-version) names=latest ;;
    --etcd) names='https://127.0.0.1:2379' ;;
    --timeout | --interval | --lists-days | --context | --node) return ;;
    demo) names="incident $options" ;;
    --root)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    --kubeconfig | --advisories | --etcd-db | --etcd-ca | --etcd-cert | --etcd-key | --from | --manifests | --baseline | --config | record | replay)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    *)
        names="$commands $options"
        # One command is enough, wherever among the options it stands.
        for before in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
            [[ " $commands " != *" $before "* ]] || names=$options
        done
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
}
complete -F _hulltop hulltop
