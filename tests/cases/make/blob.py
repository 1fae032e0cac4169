"""Writes tests/cases/blob: files, and the verdict that each must get, spelt out by hand.

The ciphertexts are bytes of the right length and nothing more: an inspector cannot see inside.
"""
import json
import kek_documents as doc
import material as m

ROOT = m.fresh("blob")
NAMES = set()
KID = doc.KID
UNSEEN = ["note blob-unseen"]
OPEN = ["unchecked kek-size-open"]
AES_IN_VAULT = ["warning aes-in-vault"]
KEK_BYTES = {2048: 256, 3072: 384, 4096: 512}
# Bytes of AES-KWP over each kind, from the BYOK facts and from openssl's PKCS#8 lengths.
KWP = {"RSA-2048": (1224, 1232), "RSA-3072": (1800, 1808), "RSA-4096": (2384, 2392), "P-256": (80, 152, 160),
       "P-384": (88, 200, 208), "P-521": (112, 256, 264), "P-256K": (72, 144, 152),
       "AES-128": (24,), "AES-192": (32,), "AES-256": (40,)}


def blob(length, kid=KID, encode=m.base64url, generator="some-tool 1.0; Maker Model firmware 1.2", **members):
    """The file as the specification writes it; a member given as `...` is left out."""
    document = {"schema_version": "1.0.0", "header": {"kid": kid, "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP"},
                "ciphertext": encode(m.stream(length, length)), "generator": generator} | members
    return {name: value for name, value in document.items() if value is not ...}


def header(**members):
    merged = {"kid": KID, "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP"} | members
    return {name: value for name, value in merged.items() if value is not ...}


def case(name, file, findings, length=None, readings=(), kid=None, generator=None, kek=None, practice=None):
    assert name not in NAMES, name
    NAMES.add(name)
    folder = ROOT / name
    folder.mkdir()
    if isinstance(file, dict):
        file = json.dumps(file, indent=2) + "\n"
    (folder / "input").write_bytes(file.encode() if isinstance(file, str) else file)
    if kek is not None:
        (folder / "kek").write_text(kek)
    if practice is not None:
        (folder / "practice.txt").write_text(practice)
    sizes = {bits for bits, _ in readings}
    targets = list(dict.fromkeys(target for _, target in readings))
    expected = {"accepted": not any(finding.startswith("error") for finding in findings), "kid": kid,
                "kek_bits": sizes.pop() if len(sizes) == 1 else None, "ciphertext_bytes": length,
                "readings": [{"kek_bits": bits, "target": target} for bits, target in readings],
                "targets": targets, "generator": generator, "findings": sorted(findings)}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def error(*codes):
    return [f"error {code}" for code in codes]


def fits(length):
    return [(bits, target) for bits, rsa in KEK_BYTES.items() for target, lengths in KWP.items() if length - rsa in lengths]


TOOL = "some-tool 1.0; Maker Model firmware 1.2"
P384 = 512 + 200
PLAIN = dict(length=P384, readings=[(4096, "P-384")], kid=KID, generator=TOOL)


def accepted():
    for target, lengths in KWP.items():
        for kwp in lengths:
            length = 512 + kwp
            findings = UNSEEN + (OPEN if len({bits for bits, _ in fits(length)}) > 1 else [])
            if target.startswith("AES") and all(kind.startswith("AES") for _, kind in fits(length)):
                findings = findings + AES_IN_VAULT
            case(f"accepts-{target.lower()}-of-{kwp}-under-4096", blob(length), findings, length, fits(length), KID, TOOL)
    both = [(2048, "P-256"), (2048, "P-256K"), (3072, "AES-128")]
    case("length-of-two-kek-sizes", blob(408), UNSEEN + OPEN, 408, both, KID, TOOL)
    case("length-of-two-kek-sizes-with-2048-given", blob(408), UNSEEN, 408, both[:2], KID, TOOL, kek=doc.az(doc.KEK2048))
    case("length-of-two-kek-sizes-with-3072-given", blob(408), UNSEEN + AES_IN_VAULT, 408, both[2:], KID, TOOL,
         kek=doc.az(doc.KEK3072))
    case("rsa-under-2048", blob(256 + 1224), UNSEEN, 256 + 1224, [(2048, "RSA-2048")], KID, TOOL)
    case("rsa-under-3072", blob(384 + 1808), UNSEEN, 384 + 1808, [(3072, "RSA-3072")], KID, TOOL)
    case("aes-for-managed-hsm", blob(552, kid=doc.HSM_KID), UNSEEN, 552, [(4096, "AES-256")], doc.HSM_KID, TOOL)
    case("with-the-right-kek", blob(P384), UNSEEN, kek=doc.az(doc.KEK4096), **PLAIN)
    case("minified", json.dumps(blob(P384), separators=(",", ":")), UNSEEN, **PLAIN)
    case("members-in-another-order", dict(reversed(blob(P384).items())), UNSEEN, **PLAIN)
    case("padded-once", blob(P384 - 56, encode=doc.padded_url), UNSEEN + ["warning ciphertext-padding"], 656,
         fits(656), KID, TOOL)
    case("padded-twice", blob(P384, encode=doc.padded_url), UNSEEN + ["warning ciphertext-padding"], **PLAIN)
    case("with-crlf", json.dumps(blob(P384), indent=2).replace("\n", "\r\n"), UNSEEN + ["warning blob-crlf"], **PLAIN)
    case("with-utf8-bom", b"\xef\xbb\xbf" + json.dumps(blob(P384)).encode(), UNSEEN + ["warning blob-bom"], **PLAIN)
    case("unknown-member", blob(P384, comment="x"), UNSEEN + ["warning blob-unknown-member"], **PLAIN)
    case("unknown-header-member", blob(P384, header=header(typ="JWE")), UNSEEN + ["warning blob-unknown-member"], **PLAIN)
    case("generator-missing", blob(P384, generator=...), UNSEEN + ["warning generator-missing"], **PLAIN | {"generator": None})
    case("generator-that-moves-the-cursor", blob(P384, generator="a\x1b[2J\u202eb\\n"), UNSEEN,
         **PLAIN | {"generator": "a\\u{001b}[2J\\u{202e}b\\\\n"})
    bare = KID.rsplit("/", 1)[0]
    case("kid-without-version", blob(P384, kid=bare), UNSEEN + ["warning kid-without-version"], **PLAIN | {"kid": bare})
    retired = doc.kid("managedhsm.microsoftazure.de")
    case("kid-of-retired-cloud", blob(P384, kid=retired), UNSEEN + ["warning kid-retired-cloud"], **PLAIN | {"kid": retired})
    case("kid-in-upper-case", blob(P384, kid=KID.replace("contosobyok.vault", "CONTOSOBYOK.Vault")), UNSEEN, **PLAIN)
    practice = "https://127.0.0.1:43123/keys/KEKforBYOK/" + doc.VERSION
    case("kid-of-practice", blob(P384, kid=practice), UNSEEN + ["note kid-practice"], practice="127.0.0.1:43123",
         **PLAIN | {"kid": practice})
    case("kid-of-practice-not-admitted", blob(P384, kid=practice), error("kid-host"), **PLAIN | {"kid": None})


def other_files():
    text = json.dumps(blob(P384), indent=2)
    cipher = m.base64url(m.stream(P384, P384))
    for name, file, code in (
        ("empty", "", "blob-empty"), ("white-space-alone", "\n \n", "blob-empty"),
        ("too-large", "{" + " " * 65536, "blob-too-large"), ("legacy-ncipher", m.stream(4000, "ncipher"), "blob-legacy-ncipher"),
        ("text-with-nul", "{\"a\": \0}", "blob-legacy-ncipher"),
        ("utf16-little-endian", b"\xff\xfe" + text.encode("utf-16-le"), "blob-encoding"),
        ("utf16-big-endian", b"\xfe\xff" + text.encode("utf-16-be"), "blob-encoding"),
        ("utf16-without-bom", text.encode("utf-16-le"), "blob-encoding"), ("latin-1", text.replace("Maker", "Mäker").encode("latin-1"), "blob-legacy-ncipher"),
        ("compact-jwe", f"eyJhbGciOiJkaXIifQ..AAAA.{cipher}.AAAA", "blob-compact-jwe"),
        ("single-quotes", text.replace('"', "'"), "blob-single-quotes"), ("words", "BYOK file", "blob-not-json"),
        ("bare-ciphertext", cipher, "blob-not-json"), ("trailing-comma", text.replace("\n}", ",\n}"), "blob-not-json"),
        ("list", "[" + text + "]", "blob-not-object"), ("json-text", '"x"', "blob-not-object"), ("number", "7", "blob-not-object"),
        ("cut-short", text[:200], "blob-truncated"), ("text-behind-it", text + "\n{}", "blob-trailing-data"),
        ("kid-twice", text.replace('"kid":', '"kid": "https://other.vault.azure.net/keys/k", "kid":'), "blob-duplicate-member"),
        ("kid-twice-by-escape", text.replace('"kid":', '"\\u006bid": null, "kid":'), "blob-duplicate-member"),
        ("ciphertext-twice", text.replace('"ciphertext":', '"ciphertext": "AA", "ciphertext":'), "blob-duplicate-member"),
        ("kek-document", doc.az(doc.KEK2048), "blob-is-kek"), ("kek-as-jwk", doc.jwk(doc.KEK2048), "blob-is-kek")):
        case(f"refuses-{name}", file, error(code))


def members():
    for name, change, code in (
        ("schema-version-1.0", {"schema_version": "1.0"}, "blob-schema-version"),
        ("schema-version-number", {"schema_version": 1}, "blob-member"), ("schema-version-missing", {"schema_version": ...}, "blob-member"),
        ("alg-in-capitals", {"header": header(alg="DIR")}, "blob-alg"), ("alg-rsa-oaep", {"header": header(alg="RSA-OAEP")}, "blob-alg"),
        ("alg-missing", {"header": header(alg=...)}, "blob-member"), ("enc-pad", {"header": header(enc="CKM_RSA_AES_KEY_WRAP_PAD")}, "blob-enc"),
        ("enc-in-lower-case", {"header": header(enc="ckm_rsa_aes_key_wrap")}, "blob-enc"),
        ("enc-number", {"header": header(enc=0x1054)}, "blob-member"), ("generator-number", {"generator": 7}, "blob-member"),
        ("generator-null", {"generator": None}, "blob-member")):
        keep = PLAIN | ({"generator": None} if "generator" in name else {})
        case(f"refuses-{name}", blob(P384, **change), error(code), **keep)
    no_kid = PLAIN | {"kid": None}
    for name, change in (("header-missing", {"header": ...}), ("header-text", {"header": "dir"}), ("kid-missing", {"header": header(kid=...)}),
                         ("kid-null", {"header": header(kid=None)}), ("kid-number", {"header": header(kid=5)})):
        case(f"refuses-{name}", blob(P384, **change), error("blob-member"), **no_kid)
    for name, kid, code in (("look-alike", KID.replace(".net/", ".net.example/"), "kid-host"), ("http", KID.replace("https", "http"), "kid-not-https"),
                            ("secret", KID.replace("/keys/", "/secrets/"), "kid-path"), ("empty", "", "kid-missing")):
        case(f"refuses-kid-of-{name}", blob(P384, kid=kid), error(code), **no_kid)
    raw = m.stream(P384, P384)
    url, plain = m.base64url(raw), m.standard(raw)
    assert "+" in plain and "/" in plain
    none = dict(kid=KID, generator=TOOL)
    for name, text, code in (
        ("standard-base64", plain, "ciphertext-standard-base64"), ("hexadecimal", raw.hex(), "ciphertext-hex"),
        ("line-breaks", url[:76] + "\n" + url[76:], "ciphertext-white-space"), ("spaces", url + " ", "ciphertext-white-space"),
        ("placeholder", f"BASE64URL({url})", "ciphertext-placeholder"), ("foreign-characters", "ä" + url, "ciphertext-encoding"),
        ("impossible-length", url + "AAA", "ciphertext-encoding"), ("too-much-padding", url + "====", "ciphertext-encoding"),
        ("too-little-padding", url + "=", "ciphertext-encoding"), ("padding-inside", url[:8] + "=" + url[9:], "ciphertext-encoding"), ("dots", url + ".AAAA", "ciphertext-encoding")):
        case(f"refuses-ciphertext-with-{name}", blob(P384, ciphertext=text), error(code), **none)
    case("refuses-ciphertext-missing", blob(P384, ciphertext=...), error("blob-member"), **none)
    case("refuses-ciphertext-list", blob(P384, ciphertext=[url]), error("blob-member"), **none)
    for name, length in (("nothing", 0), ("rsa-part-alone", 256), ("aes-wrapped-twice", 512 + 48), ("one-byte-more", P384 + 1), ("one-byte-less", P384 - 1),
                         ("pkcs1-rsa-2048", 256 + 1200), ("explicit-curve-parameters", 256 + 352), ("rsa-1024-key", 512 + 648), ("far-too-much", 8192)):
        assert not fits(length), (name, length)
        case(f"refuses-length-of-{name}", blob(length), error("ciphertext-length"), length=length, **none)


def against_a_kek():
    other = doc.az(doc.KEK4096, kid=doc.kid("vault.azure.net", "fabrikam"))
    case("refuses-another-kek", blob(P384), error("blob-other-kek"), kek=other, **PLAIN)
    newer = doc.az(doc.KEK4096, kid=KID[:-1] + "5")
    case("refuses-another-version-of-the-kek", blob(P384), error("blob-other-kek"), kek=newer, **PLAIN)
    case("refuses-length-of-another-kek-size", blob(P384), error("blob-kek-length"), kek=doc.az(doc.KEK2048),
         **PLAIN | {"readings": []})
    case("refuses-several-things-at-once", blob(P384, schema_version="2", header=header(alg="x", enc="y", kid="z"), ciphertext="+"),
         error("blob-schema-version", "blob-alg", "blob-enc", "kid-not-https", "ciphertext-standard-base64"), generator=TOOL)


accepted()
other_files()
members()
against_a_kek()
print(f"blob cases: {len(NAMES)}")
