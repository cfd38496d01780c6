#!/usr/bin/env bash
# Terraform against the emulator: makes and connects two links, renames one, meets a drain by rictl, destroys both. Prints one line a step.
#
# Usage: life.sh RICTL PROVIDER_DIR, where PROVIDER_DIR holds the binary terraform-provider-alicloud: the registry that Terraform asks
# by itself may not be there. Everything goes to loopback.
set -euo pipefail
rictl=$(realpath "$1")
provider=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
cp "$here/main.tf" "$work"
cd "$work"
printf 'regions: [cn-shanghai]\nsettle: { activate: 500ms, deactivate: 500ms }\ninterfaces: []\n' >world.yaml
printf 'provider_installation {\n  dev_overrides { "aliyun/alicloud" = "%s" }\n  direct {}\n}\n' "$provider" >terraformrc
"$rictl" emulator serve --world world.yaml --call-log calls.jsonl >served &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
until [ -s served ]; do sleep 0.1; done
url=$(sed 's/listening on //' served)
export TF_CLI_CONFIG_FILE=$PWD/terraformrc TF_VAR_address=${url#http://} CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1
export ALIBABA_CLOUD_ACCESS_KEY_ID=emulator ALIBABA_CLOUD_ACCESS_KEY_SECRET=emulator-secret RICTL_LOCK_DIR=$PWD

# Prints how a command of Terraform's ended, how long it took, and which mutating calls it sent.
step() {
    local what=$1 before=$SECONDS code=0
    shift
    local calls
    calls=$(wc -l <calls.jsonl 2>/dev/null || echo 0)
    terraform "$@" -no-color >"log.$$" 2>&1 || code=$?
    local sent
    sent=$(tail -n "+$((calls + 1))" calls.jsonl | grep -o '"action":"[A-Za-z]*"' | cut -d'"' -f4 | grep -v '^Describe' | sort | uniq -c |
        awk '{ printf "%s%s x%s", (NR > 1 ? ", " : ""), $2, $1 }' || true)
    local said
    said=$(grep -oE 'No changes|Plan: [^.]*|Apply complete! [^.]*\.[^.]*|Destroy complete! [^.]*|timeout while waiting[^(]*' "log.$$" | tail -1 || true)
    printf '%-34s exit %s, %3s s: %s [%s]\n' "$what" "$code" "$((SECONDS - before))" "$said" "$sent"
}
drain() {
    cat >rictl.yaml <<EOF
version: 1
cloud: { provider: emulator, region: cn-shanghai }
interfaces:
  fast: { id: $fast, status: $1 }
  old: { id: $old, status: $2 }
EOF
    "$rictl" apply --auto-approve --endpoint "$url" --poll-interval 200ms | grep 'Apply complete' | sed 's/^/rictl: /'
}
terraform version | head -1
step 'create and connect' apply -auto-approve
step 'plan again' plan -detailed-exitcode
step 'rename' apply -auto-approve -var name=renamed
export TF_VAR_name=renamed
fast=$(terraform output -raw fast)
old=$(terraform output -raw old)
drain Inactive Active
step 'plan, the newer link drained' plan -detailed-exitcode
step 'rename while drained' apply -auto-approve -var name=again
export TF_VAR_name=again
drain Active Inactive
step 'plan, the older link drained' plan -detailed-exitcode
"$rictl" plan --endpoint "$url" | grep -E '^(Plan|No changes)' | sed 's/^/rictl: /'
step 'destroy' destroy -auto-approve
"$rictl" init --region cn-shanghai --endpoint "$url" --output - 2>/dev/null | grep -c '    id: ' | sed 's/^/interfaces left: /' || true
