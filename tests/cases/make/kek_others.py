"""Documents that are no KEK: private keys, certificates, other keys, other files, damage."""
import json
import kek_documents as doc
import material as m

RSA = m.private("throwaway-rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
EC = m.private("throwaway-ec", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
ED = m.private("throwaway-ed25519", "-algorithm", "ED25519")
PSS = m.private("throwaway-rsa-pss", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048")
LEGACY = ["-provider", "default", "-passout", "pass:throwaway"]


def write(case, error, pem_unchecked):
    private_keys(case, error)
    other_keys(case, error)
    damaged(case, error, pem_unchecked)
    other_files(case, error)


def private_keys(case, error):
    refused = error("kek-private-key")
    pkcs8 = m.openssl("pkey", "-in", RSA)
    public = m.pem(doc.KEK2048)
    der = m.openssl("pkey", "-in", RSA, "-outform", "DER")
    case("private-pkcs8-pem", pkcs8, refused)
    case("private-pkcs8-pem-in-utf16", b"\xff\xfe" + pkcs8.decode().encode("utf-16-le"), refused)
    case("private-pkcs8-pem-cut-short", pkcs8[:600], refused)
    case("private-pkcs1-pem", m.openssl("rsa", "-in", RSA, "-traditional"), refused)
    case("private-pkcs8-pem-encrypted", m.openssl("pkcs8", "-topk8", "-in", RSA, *LEGACY), refused)
    case("private-ec-pem", m.openssl("ec", "-in", EC), refused)
    case("private-ed25519-pem", ED.read_bytes(), refused)
    case("private-openssh", b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + m.standard(b"openssh-key-v1\0" + m.stream(300, "ssh")).encode()
         + b"\n-----END OPENSSH PRIVATE KEY-----\n", refused)
    case("private-pkcs8-der", der, refused)
    case("private-pkcs1-der", m.openssl("rsa", "-in", RSA, "-traditional", "-outform", "DER"), refused)
    case("private-pkcs8-der-encrypted", m.openssl("pkcs8", "-topk8", "-in", RSA, "-outform", "DER", *LEGACY), refused)
    case("private-ec-der", m.openssl("ec", "-in", EC, "-outform", "DER"), refused)
    case("private-pkcs12", m.openssl("pkcs12", "-export", "-in", "/dev/stdin", "-inkey", RSA, "-passout", "pass:throwaway",
                                     data=certificate()), refused)
    case("private-behind-a-public-pem", public + pkcs8, refused)
    case("private-pem-in-a-public-label", public.splitlines()[0] + b"\n" + b"\n".join(pkcs8.splitlines()[1:-1]) + b"\n"
         + public.splitlines()[-1] + b"\n", refused)
    secret = m.base64url(m.stream(256, "d"))
    case("private-jwk", json.dumps(json.loads(doc.jwk(doc.KEK2048)) | {"d": secret}), refused)
    case("private-jwk-in-az-show", doc.edit(doc.az(doc.KEK2048), "key", "d", secret), refused)
    case("private-jwk-prime-alone", doc.edit(doc.az(doc.KEK2048), "key", "p", secret), refused)
    case("private-member-beside-the-key", doc.edit(doc.az(doc.KEK2048), "", "d", secret), refused)
    for member in ("q", "dp", "dq", "qi", "oth", "k", "key_hsm"):
        case(f"private-jwk-with-{member}-alone", doc.edit(doc.az(doc.KEK2048), "key", member, secret), refused)
    case("private-member-that-is-empty", doc.edit(doc.az(doc.KEK2048), "key", "d", ""), refused)
    case("secret-oct-jwk", json.dumps({"kty": "oct", "k": m.base64url(m.stream(32, "k"))}), refused)
    case("wrapped-key-member", doc.edit(doc.az(doc.KEK2048), "key", "t", secret), refused)


def certificate():
    path = m.KEYS / "throwaway-certificate.pem"
    if not path.exists():
        path.write_bytes(m.openssl("req", "-x509", "-key", RSA, "-subj", "/CN=throwaway", "-days", "36500"))
    return path.read_bytes()


def other_keys(case, error):
    case("certificate-pem", certificate(), error("kek-certificate"))
    case("certificate-der", m.openssl("x509", "-outform", "DER", data=certificate()), error("kek-certificate"))
    case("certificate-request", m.openssl("req", "-new", "-key", RSA, "-subj", "/CN=throwaway"), error("kek-certificate"))
    case("certificate-in-az-json", json.dumps({"cer": m.standard(m.stream(700, "cer")), "kid": doc.KID, "x509Thumbprint": "AA=="}),
         error("kek-certificate"))
    case("ec-spki-pem", m.openssl("pkey", "-in", EC, "-pubout"), error("kek-ec"))
    case("ec-spki-der", m.openssl("pkey", "-in", EC, "-pubout", "-outform", "DER"), error("kek-ec"))
    case("ec-parameters-pem", m.openssl("ecparam", "-name", "prime256v1"), error("kek-ec"))
    case("ed25519-spki-pem", m.openssl("pkey", "-in", ED, "-pubout"), error("kek-not-rsa"))
    case("rsa-pss-spki-pem", m.openssl("pkey", "-in", PSS, "-pubout"), error("kek-not-rsa"))
    case("ssh-public-key", "ssh-rsa " + m.standard(m.stream(270, "ssh")) + " someone@example\n", error("kek-ssh"))
    case("ssh-ecdsa-public-key", "ecdsa-sha2-nistp256 " + m.standard(m.stream(100, "ecdsa")) + "\n", error("kek-ssh"))


def damaged(case, error, pem_unchecked):
    two = doc.KEK2048
    pem, show = m.pem(two), doc.az(two)
    n, e = m.numbers(two)
    case("empty", "", error("kek-empty"))
    case("white-space-alone", " \r\n\n", error("kek-empty"))
    case("byte-order-mark-alone", b"\xff\xfe", error("kek-empty"))
    case("binary", m.stream(3000, "binary"), error("kek-binary"))
    case("text-with-nul", "key\0key", error("kek-binary"))
    case("too-large", "A" * (64 * 1024 + 1), error("kek-too-large"))
    case("utf16-of-odd-length", b"\xff\xfe" + show.encode("utf-16-le")[:-1], error("kek-encoding"))
    case("utf16-with-lone-surrogate", b"\xff\xfe\x00\xd8\x41\x00", error("kek-encoding"))
    case("utf16-without-bom", show.encode("utf-16-le"), error("kek-encoding"))
    case("pem-cut-short", pem[:300], error("kek-pem-form"))
    case("pem-with-other-end", pem.replace(b"END PUBLIC", b"END RSA PUBLIC"), error("kek-pem-form"))
    case("pem-with-text-behind-it", pem + b"some words\n", error("kek-pem-form"))
    case("pem-with-broken-base64", pem.replace(b"MII", b"M!I", 1), error("kek-pem-form"))
    case("pem-of-another-thing", pem.replace(b"PUBLIC KEY", b"DH PARAMETERS"), error("kek-pem-form"))
    case("pem-twice", pem + pem, error("kek-several"))
    case("pem-label-of-pkcs1-around-spki", pem.replace(b"PUBLIC KEY", b"RSA PUBLIC KEY"), error("kek-der-form"))
    case("der-with-a-byte-behind-it", two + b"\0", error("kek-binary"))
    case("der-cut-short", two[:-1], error("kek-binary"))
    case("spki-without-null-parameters", m.spki_of(n, e, null=False), error("kek-der-form"))
    case("spki-with-negative-modulus", two.replace(b"\x02\x82\x01\x01\x00", b"\x02\x82\x01\x01\xff", 1), error("kek-der-form"))
    case("spki-pem-with-a-byte-behind-it", b"-----BEGIN PUBLIC KEY-----\n" + m.standard(two + b"\0").encode()
         + b"\n-----END PUBLIC KEY-----\n", error("kek-der-form"))
    case("json-cut-short", show[: len(show) // 2], error("kek-truncated"))
    case("json-with-text-behind-it", show + "{}", error("kek-trailing-data"))
    case("json-with-single-quotes", show.replace('"', "'"), error("kek-not-json"))
    case("json-in-colours", "{\x1b[39;49;00m\n  \x1b[94m\"key\"\x1b[39;49;00m: {}\n}", error("kek-not-json"))
    case("json-with-kid-twice", show.replace('"kid":', '"kid": "https://other.vault.azure.net/keys/k",\n    "kid":'), error("kek-json-duplicate"))
    case("json-with-escaped-duplicate", show.replace('"kid":', '"k\\u0069d": null,\n    "kid":'), error("kek-json-duplicate"))
    case("json-with-kid-as-number", doc.edit(show, "key", "kid", 7), error("kek-json-form"))
    case("json-with-enabled-as-text", doc.edit(show, "attributes", "enabled", "true"), error("kek-json-form"))
    case("json-with-key-as-text", json.dumps({"key": "x"}), error("kek-json-form"))
    case("json-without-modulus", doc.edit(show, "key", "n", None), error("kek-numbers-missing"))
    case("json-without-exponent", doc.edit(show, "key", "e", None), error("kek-numbers-missing"))
    for name, number in (("mixed-alphabets", "+_" * 172), ("spaces", " " + "A" * 343), ("bad-padding", "AAAAA="), ("hexadecimal-colons", "00:aa:bb")):
        case(f"json-number-with-{name}", doc.edit(show, "key", "n", number), error("kek-number-encoding"))
    case("json-number-zero", doc.az((0, 65537)), error("kek-size", "kek-modulus-even", "kek-exponent-large"), kid=doc.KID)


def other_files(case, error):
    two, show = doc.KEK2048, doc.az(doc.KEK2048)
    numbers = {name: m.standard(value.encode()) for name, value in doc.rsa_numbers(two, m.standard).items()}
    case("yaml", "attributes:\n  enabled: true\nkey:\n" + "".join(f"  {k}: !!binary |\n    {v}\n" for k, v in numbers.items())
         + f"  keyOps:\n  - import\n  kid: {doc.KID}\n  kty: RSA-HSM\n", error("kek-yaml"))
    case("tsv", "\t\tNone\tNone\tNone\n", error("kek-tsv"))
    case("table", "Kty      Enabled\n-------  -------\nRSA-HSM  True\n", error("kek-unrecognised"))
    case("key-identifier-alone", doc.KID + "\n", error("kek-only-kid"))
    case("list-of-versions", json.dumps([{"attributes": {"enabled": True}, "kid": doc.KID, "name": "KEKforBYOK"}]), error("kek-list"))
    case("list-from-rest", json.dumps({"value": [{"kid": doc.KID}], "nextLink": None}), error("kek-list"))
    case("jwk-set", json.dumps({"keys": [json.loads(doc.jwk(two))]}), error("kek-list"))
    case("error-from-rest", json.dumps({"error": {"code": "KeyNotFound", "message": "x"}}), error("kek-unrecognised"))
    case("attestation-without-key", doc.attestation(None), error("kek-attestation-only"))
    case("key-transfer-blob", json.dumps({"schema_version": "1.0.0", "header": {"kid": doc.KID}, "ciphertext": "AA"}), error("kek-is-blob"))
    case("json-text", '"' + doc.KID + '"', error("kek-unrecognised"))
    case("words", "this is not a key", error("kek-unrecognised"))
    case("words-with-a-look-alike-kid", "this is not a key", error("kek-unrecognised", "kid-host"), kid_beside="https://a.example/keys/k")
