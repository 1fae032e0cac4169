#!/usr/bin/env bash
# openssl-batch.sh KEK.pem CLEAR OUT COUNT: what people do where the keys are files. Three calls of openssl a key: an AES
# key, that key under the KEK, the target key under the AES key. The target keys lie in CLEAR as PKCS#8 in the clear, and
# there is no record, receipt or file format, nothing is checked and nothing is flushed: it is the least that does it.
set -euo pipefail
kek=$1 clear=$2 out=$3 count=$4

made=0
for key in "$clear"/*.der; do
    [ "$made" -lt "$count" ] || break
    name=${key##*/}
    aes=$(openssl rand -hex 32)
    bytes=
    for ((at = 0; at < 64; at += 2)); do bytes+="\\x${aes:at:2}"; done
    {
        # shellcheck disable=SC2059 # the escapes are what is printed
        openssl pkeyutl -encrypt -pubin -inkey "$kek" -pkeyopt rsa_padding_mode:oaep \
            -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1 < <(printf "$bytes")
        openssl enc -id-aes256-wrap-pad -iv A65959A6 -K "$aes" -in "$key"
    } >"$out/${name%.der}.bin"
    made=$((made + 1))
done
