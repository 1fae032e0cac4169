"""The forms in which a KEK comes, wrapped by hand around numbers that openssl gave."""
import base64, json
import material as m

VERSION = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
KEK1024, KEK2048, KEK3072, KEK4096 = (m.public(f"kek-{bits}", bits) for bits in (1024, 2048, 3072, 4096))
KEK65539 = m.public("kek-2048-e65539", 2048, 65539)
DATES = {"created": "2026-03-01T10:00:00+00:00", "updated": "2026-03-01T10:00:00+00:00"}


def kid(suffix, name="contosobyok"):
    return f"https://{name}.{suffix}/keys/KEKforBYOK/{VERSION}"


KID = kid("vault.azure.net")
HSM_KID = kid("managedhsm.azure.net", "contosohsm")


def padded_url(data):
    return base64.urlsafe_b64encode(data).decode()


def rsa_numbers(key, encode=m.base64url, zeros=0):
    n, e = m.numbers(key) if isinstance(key, bytes) else key
    return {"n": encode(m.big_endian(n, zeros)), "e": encode(m.big_endian(e, 1 if zeros else 0))}


def az_members(key, kid=KID, ops=("import",), kty="RSA-HSM", encode=m.standard, zeros=0):
    numbers = rsa_numbers(key, encode, zeros)
    private = dict.fromkeys(["d", "dp", "dq"])
    return {"crv": None, **private, "e": numbers["e"], "k": None, "keyOps": list(ops) if isinstance(ops, tuple) else ops,
            "kid": kid, "kty": kty, "n": numbers["n"], "p": None, "q": None, "qi": None, "t": None, "x": None, "y": None}


def az(key, enabled=True, expires=None, not_before=None, **members):
    """az keyvault key show -o json"""
    attributes = {**DATES, "enabled": enabled, "expires": expires, "exportable": False, "hsmPlatform": "2",
                  "keySize": None, "notBefore": not_before, "recoverableDays": 90, "recoveryLevel": "Recoverable+Purgeable"}
    document = {"attributes": attributes, "key": az_members(key, **members), "managed": None, "releasePolicy": None, "tags": None}
    return json.dumps(document, indent=2) + "\n"


def az_key(key):
    """az keyvault key show --query key -o json"""
    return json.dumps(az_members(key), indent=2) + "\n"


def jwk(key, kid=KID):
    return json.dumps({"kid": kid, "kty": "RSA-HSM", "key_ops": ["import"], **rsa_numbers(key)})


def rest(key, kid=KID, **dates):
    """GET {vault}/keys/{name}"""
    attributes = {"enabled": True, **dates, "created": 1772359200, "updated": 1772359200, "recoveryLevel": "Recoverable"}
    return json.dumps({"key": json.loads(jwk(key, kid)), "attributes": attributes})


def attestation(key):
    inner = {"certificatePemFile": m.base64url(m.stream(600, "pem")), "privateKeyAttestation": m.base64url(m.stream(600, "private")),
             "publicKeyAttestation": m.base64url(m.stream(600, "public")), "version": "MRVL-1"}
    attributes = {"attestation": inner, "created": 1772359200, "enabled": True, "exportable": False, "recoverableDays": 7}
    document = {"attributes": attributes} | ({} if key is None else {"key": json.loads(jwk(key))})
    return json.dumps(document, indent=1)


def edit(document, part, name, value):
    """The document with one member of one part set."""
    tree = json.loads(document)
    (tree[part] if part else tree)[name] = value
    return json.dumps(tree, indent=2)


def ec_show():
    x = m.standard(m.stream(32, "x"))
    return json.dumps({"attributes": {"enabled": True}, "key": {"crv": "P-256", "keyOps": ["sign"], "kid": KID, "kty": "EC-HSM", "x": x, "y": x}})


def one_line(pem):
    lines = pem.decode().strip().split("\n")
    return "\n".join([lines[0], "".join(lines[1:-1]), lines[-1]])
