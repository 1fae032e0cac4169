"""Writes tests/cases/kek: documents, and the verdict that each must get, spelt out by hand."""
import json
import kek_documents as doc
import material as m

ROOT = m.fresh("kek")
NAMES = set()
KID = doc.KID
PEM = ["unchecked kty-unchecked", "unchecked key-ops-unchecked", "unchecked enabled-unchecked",
       "unchecked validity-unchecked"]
INNER = ["unchecked enabled-unchecked", "unchecked validity-unchecked"]
SQL = ["note kek-sql-tde"]


def case(name, document, findings, key=None, kid=None, kid_beside=None, now=None, practice=None, beside=None):
    """One case. `key` is the SPKI that a reader must come to; None where it comes to none."""
    assert name not in NAMES, name
    NAMES.add(name)
    folder = ROOT / name
    folder.mkdir()
    document = document.encode() if isinstance(document, str) else document
    (folder / "input").write_bytes(document)
    if kid_beside is not None:
        (folder / "kid.txt").write_bytes(kid_beside.encode())
    if now is not None:
        (folder / "now.txt").write_text(now)
    if practice is not None:
        (folder / "practice.txt").write_text(practice)
    if beside is not None:
        (folder / "beside").write_bytes(beside)
    expected = {"admitted": not any(finding.startswith("error") for finding in findings), "kid": kid,
                "bits": None, "exponent": None, "thumbprint_sha256": None, "jwk_thumbprint": None,
                "findings": sorted(findings)}
    if key is not None:
        n, e = m.numbers(key) if isinstance(key, bytes) else key
        spki = key if isinstance(key, bytes) else m.spki_of(n, e)
        expected |= {"bits": n.bit_length(), "exponent": e if e < 2**53 else None,
                     "thumbprint_sha256": m.thumbprint(spki), "jwk_thumbprint": m.jwk_thumbprint(n, e)}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def error(*codes):
    return [f"error {code}" for code in codes]


def forms():
    two, three, four = doc.KEK2048, doc.KEK3072, doc.KEK4096
    show = doc.az(two)
    case("az-show-2048", show, [], two, KID)
    case("az-show-3072", doc.az(three), [], three, KID)
    case("az-show-4096", doc.az(four), SQL, four, KID)
    case("az-show-with-crlf", show.replace("\n", "\r\n"), [], two, KID)
    case("az-show-with-utf8-bom", b"\xef\xbb\xbf" + show.encode(), [], two, KID)
    case("az-show-in-utf16-little-endian", b"\xff\xfe" + show.encode("utf-16-le"), [], two, KID)
    case("az-show-in-utf16-big-endian", b"\xfe\xff" + show.encode("utf-16-be"), [], two, KID)
    case("az-show-query-key", doc.az_key(two), INNER, two, KID)
    case("rest-bundle", doc.rest(two), [], two, KID)
    case("rest-bundle-of-managed-hsm", doc.rest(three, kid=doc.HSM_KID), [], three, doc.HSM_KID)
    case("bare-jwk", doc.jwk(two), INNER, two, KID)
    case("bare-jwk-of-numbers-alone", json.dumps(doc.rsa_numbers(two)), PEM, two, KID, kid_beside=KID)
    case("attestation-with-its-key", doc.attestation(two), [], two, KID)
    case("numbers-with-leading-zeros", doc.az(two, zeros=3), [], two, KID)
    case("numbers-in-padded-base64url", doc.az(two, encode=doc.padded_url), [], two, KID)
    pem = m.pem(two)
    case("spki-pem", pem, PEM, two, KID, kid_beside=KID)
    case("spki-pem-with-crlf", pem.replace(b"\n", b"\r\n"), PEM, two, KID, kid_beside=KID)
    case("spki-pem-with-utf8-bom", b"\xef\xbb\xbf" + pem, PEM, two, KID, kid_beside=KID)
    case("spki-pem-in-utf16", b"\xff\xfe" + pem.decode().encode("utf-16-le"), PEM, two, KID, kid_beside=KID)
    case("spki-pem-4096", m.pem(four), PEM + SQL, four, KID, kid_beside=KID)
    case("spki-pem-in-one-line", doc.one_line(pem), PEM, two, KID, kid_beside=KID)
    case("spki-der", two, PEM, two, KID, kid_beside=KID)
    case("pkcs1-pem", m.pkcs1(two), PEM, two, KID, kid_beside=KID)
    case("pkcs1-der", m.pkcs1(two, "DER"), PEM, two, KID, kid_beside=KID)
    case("spki-pem-without-kid", pem, error("kid-missing") + PEM, two)
    case("spki-pem-with-empty-kid", pem, error("kid-missing") + PEM, two, kid_beside=" \n")
    case("jwk-without-kid", json.dumps(json.loads(doc.jwk(two)) | {"kid": None}), error("kid-missing") + INNER, two)
    case("json-and-pem-of-one-key", show, [], two, KID, beside=pem)
    case("json-and-pem-of-two-keys", show, error("kek-numbers-disagree"), two, KID, beside=m.pem(three))


def rules():
    two = doc.KEK2048
    case("key-ops-with-more-than-import", doc.az(two, ops=["import", "wrapKey"]), error("kek-key-ops"), two, KID)
    case("key-ops-of-another-use", doc.az(two, ops=["decrypt"]), error("kek-key-ops"), two, KID)
    case("key-ops-empty", doc.az(two, ops=[]), error("kek-key-ops"), two, KID)
    case("key-ops-import-twice", doc.az(two, ops=["import", "import"]), error("kek-key-ops"), two, KID)
    case("key-ops-missing", doc.az(two, ops=None), ["unchecked key-ops-unchecked"], two, KID)
    case("key-ops-as-text", doc.az(two, ops="import"), error("kek-json-form"))
    case("key-ops-under-two-names", doc.edit(doc.az(two), "key", "key_ops", ["import"]), error("kek-json-ambiguous"))
    case("kty-rsa-of-software", doc.az(two, kty="RSA"), error("kek-kty"), two, KID)
    case("kty-missing", doc.az(two, kty=None), ["unchecked kty-unchecked"], two, KID)
    case("kty-ec", doc.ec_show(), error("kek-ec"))
    case("kty-oct", doc.az(two, kty="oct-HSM"), error("kek-not-rsa"))
    case("disabled", doc.az(two, enabled=False), error("kek-disabled"), two, KID)
    case("enabled-missing", doc.az(two, enabled=None), ["unchecked enabled-unchecked"], two, KID)
    case("expired-in-az", doc.az(two, expires="2020-01-01T00:00:00+00:00"), ["warning kek-expired"], two, KID)
    case("expired-in-rest", doc.rest(two, exp=1500000000), ["warning kek-expired"], two, KID)
    case("not-yet-valid", doc.az(two, not_before="2099-01-01T00:00:00Z"), ["warning kek-not-yet-valid"], two, KID)
    case("valid-today", doc.rest(two, nbf=1500000000, exp=1900000000), [], two, KID)
    case("dates-without-a-clock", doc.rest(two, exp=1900000000), ["unchecked validity-unchecked"], two, KID, now="none")
    case("date-that-is-none", doc.az(two, expires="next year"), ["unchecked validity-unchecked"], two, KID)
    case("several-errors-at-once", doc.az(two, kty="RSA", ops=["sign"], enabled=False),
         error("kek-kty", "kek-key-ops", "kek-disabled"), two, KID)
    n, e = m.numbers(two)
    for bits in (1024, 2040, 2056, 8192):
        odd = int.from_bytes(m.stream(bits // 8, bits), "big") | 1 | 1 << (bits - 1)
        case(f"size-{bits}", doc.az((odd, e)), error("kek-size"), (odd, e), KID)
    case("size-2047", doc.az((n >> 1 | 1, e)), error("kek-size"), (n >> 1 | 1, e), KID)
    case("size-1024-as-pem", m.pem(doc.KEK1024), error("kek-size") + PEM, doc.KEK1024, KID, kid_beside=KID)
    case("modulus-even", doc.az((n - 1, e)), error("kek-modulus-even"), (n - 1, e), KID)
    case("exponent-3", doc.az((n, 3)), error("kek-exponent-small"), (n, 3), KID)
    case("exponent-65535", doc.az((n, 65535)), error("kek-exponent-small"), (n, 65535), KID)
    case("exponent-of-56-bits", doc.az((n, 2**55 + 3)), ["warning kek-exponent-unusual"], (n, 2**55 + 3), KID)
    case("exponent-1", doc.az((n, 1)), error("kek-exponent-small"), (n, 1), KID)
    case("exponent-even", doc.az((n, 65538)), error("kek-exponent-even"), (n, 65538), KID)
    case("exponent-65539", doc.az(doc.KEK65539), ["warning kek-exponent-unusual"], doc.KEK65539, KID)
    case("exponent-of-33-bits", doc.az((n, 2**32 + 15)), ["warning kek-exponent-unusual"], (n, 2**32 + 15), KID)
    case("exponent-of-64-bits", doc.az((n, 2**63 + 29)), ["warning kek-exponent-unusual"], (n, 2**63 + 29), KID)
    case("exponent-as-large-as-the-modulus", doc.az((n, n)), error("kek-exponent-large"), (n, n), KID)


def kids():
    two, pem = doc.KEK2048, m.pem(doc.KEK2048)
    for name, given, kid in (
        ("upper-case-host", "HTTPS://ContosoByok.Vault.Azure.NET/keys/KEKforBYOK/" + doc.VERSION, KID),
        ("port-443", KID.replace(".net/", ".net:443/"), KID), ("line-break", KID + "\n", KID),
        ("windows-line-break", KID + "\r\n", KID),
        ("us-government", doc.kid("vault.usgovcloudapi.net"), None), ("china", doc.kid("vault.azure.cn"), None),
        ("managed-hsm", doc.HSM_KID, None), ("managed-hsm-china", doc.kid("managedhsm.azure.cn"), None),
        ("managed-hsm-us-government", doc.kid("managedhsm.usgovcloudapi.net"), None)):
        case(f"kid-{name}", pem, PEM, two, kid or given, kid_beside=given)
    bare = KID.rsplit("/", 1)[0]
    case("kid-without-version", pem, PEM + ["warning kid-without-version"], two, bare, kid_beside=bare)
    retired = doc.kid("vault.microsoftazure.de")
    case("kid-of-retired-cloud", pem, PEM + ["warning kid-retired-cloud"], two, retired, kid_beside=retired)
    practice = "https://localhost:43123/keys/KEKforBYOK/" + doc.VERSION
    case("kid-of-practice", doc.az(two, kid=practice), ["note kid-practice"], two, practice, practice="localhost:43123")
    case("kid-of-practice-not-admitted", doc.az(two, kid=practice), error("kid-host"), two)
    case("kid-of-another-practice", doc.az(two, kid=practice), error("kid-host"), two, practice="localhost:43124")
    for name, given, code in (
        ("look-alike-suffix", KID.replace(".net/", ".net.example.com/"), "kid-host"),
        ("look-alike-hyphen", KID.replace(".vault.", "-vault."), "kid-host"),
        ("look-alike-word", KID.replace("vault.azure", "vault.azurе"), "kid-characters"),
        ("look-alike-in-path", "https://example.com/contosobyok.vault.azure.net/keys/k/" + doc.VERSION, "kid-path"),
        ("sub-domain", KID.replace("contosobyok.", "contosobyok.a."), "kid-host"),
        ("trailing-dot", KID.replace(".net/", ".net./"), "kid-host"), ("ip-address", "https://10.0.0.1/keys/k", "kid-host"),
        ("suffix-alone", "https://vault.azure.net/keys/k", "kid-host"),
        ("punycode", KID.replace("contosobyok", "xn--contoso-x2a"), "kid-vault-name"),
        ("http", KID.replace("https", "http"), "kid-not-https"), ("no-scheme", KID[8:], "kid-not-https"),
        ("user-info", KID.replace("https://", "https://contosobyok.vault.azure.net@"), "kid-user-info"),
        ("password", KID.replace("https://", "https://u:hunter2hunter2hunter2@"), "kid-user-info"),
        ("user-info-before-another-host", KID.replace("https://", "https://vault.azure.net:x@example.com#"), "kid-user-info"),
        ("query", KID + "?api-version=7.4", "kid-query"), ("fragment", KID + "#x", "kid-fragment"),
        ("other-port", KID.replace(".net/", ".net:8443/"), "kid-port"),
        ("padded-port", KID.replace(".net/", ".net:0443/"), "kid-port"),
        ("empty-port", KID.replace(".net/", ".net:/"), "kid-port"), ("space", KID + " ", "kid-characters"),
        ("two-line-breaks", KID + "\n\n", "kid-characters"), ("percent", KID.replace("keys", "%6beys"), "kid-characters"),
        ("backslash", KID.replace("/keys", "\\keys"), "kid-characters"), ("escape", KID + "\x1b[2J", "kid-characters"),
        ("short-vault-name", KID.replace("contosobyok", "ab"), "kid-vault-name"),
        ("long-vault-name", KID.replace("contosobyok", "a" * 25), "kid-vault-name"),
        ("vault-name-with-underscore", KID.replace("contosobyok", "contoso_byok"), "kid-vault-name"),
        ("secret", KID.replace("/keys/", "/secrets/"), "kid-path"), ("trailing-slash", KID + "/", "kid-path"),
        ("no-path", "https://contosobyok.vault.azure.net", "kid-path"),
        ("key-name-empty", "https://contosobyok.vault.azure.net/keys/", "kid-key-name"),
        ("key-name-long", "https://contosobyok.vault.azure.net/keys/" + "k" * 128, "kid-key-name"),
        ("version-short", KID[:-1], "kid-version"), ("version-not-hexadecimal", KID[:-1] + "g", "kid-version"),
        ("too-long", KID + "0" * 600, "kid-too-long")):
        case(f"kid-with-{name}", pem, error(code) + PEM, two, kid_beside=given)
    case("kid-in-json-of-look-alike", doc.az(two, kid=KID.replace("azure.net", "azure-net.com")), error("kid-host"), two)
    case("kid-beside-agrees", doc.az(two), [], two, KID, kid_beside=KID.upper().replace("HTTPS", "https"))
    case("kid-beside-without-version", doc.az(two), [], two, KID, kid_beside=bare)
    case("kid-beside-of-another-vault", doc.az(two), error("kid-disagrees"), two, kid_beside=KID.replace("byok.", "byok2."))
    case("kid-beside-of-another-version", doc.az(two), error("kid-disagrees"), two, kid_beside=KID[:-1] + "5")
    case("kid-beside-of-look-alike", doc.az(two), error("kid-host"), two, kid_beside="https://contosobyok.example/keys/k")


forms()
rules()
kids()
import kek_others  # noqa: E402  (documents that hold no KEK)
kek_others.write(case, error, PEM)
print(f"kek cases: {len(NAMES)}")
