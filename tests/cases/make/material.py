"""Key material and bytes for the case files. Everything about keys is asked of openssl."""
import base64, hashlib, json, pathlib, re, shutil, subprocess

CASES = pathlib.Path(__file__).resolve().parent.parent
KEYS = CASES / "keys"


def openssl(*arguments, data=None):
    run = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True)
    if run.returncode != 0:
        raise SystemExit(f"openssl {arguments}: {run.stderr.decode()}")
    return run.stdout


def private(name, *options):
    """The private key of that name: checked in, made once."""
    path = KEYS / f"{name}.pem"
    if not path.exists():
        KEYS.mkdir(exist_ok=True)
        path.write_bytes(openssl("genpkey", *options))
    return path


def public(name, bits, exponent=65537):
    """SPKI DER of a key whose private half was thrown away when it was made."""
    path = KEYS / f"{name}.pem"
    if not path.exists():
        KEYS.mkdir(exist_ok=True)
        pem = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}",
                      "-pkeyopt", f"rsa_keygen_pubexp:{exponent}")
        path.write_bytes(openssl("pkey", "-pubout", data=pem))
    return openssl("pkey", "-pubin", "-in", path, "-outform", "DER")


def numbers(spki):
    """Modulus and exponent, as openssl reads them."""
    modulus = openssl("rsa", "-pubin", "-inform", "DER", "-noout", "-modulus", data=spki).decode()
    text = openssl("pkey", "-pubin", "-inform", "DER", "-noout", "-text", data=spki).decode()
    exponent = int(re.search(r"Exponent: (?:\d+ \()?(0x[0-9a-fA-F]+)", text).group(1), 16)
    return int(modulus.split("=")[1], 16), exponent


def spki_of(n, e, null=True):
    """SPKI DER of any two numbers, written by openssl's asn1parse from a description."""
    lines = ["asn1=SEQUENCE:info", "[info]", "algorithm=SEQUENCE:algorithm", "key=BITWRAP,SEQUENCE:key",
             "[algorithm]", "oid=OID:rsaEncryption"] + (["parameters=NULL"] if null else []) + [
             "[key]", f"n=INTEGER:0x{n:x}", f"e=INTEGER:0x{e:x}"]
    description, out = CASES / ".description", CASES / ".der"
    description.write_text("\n".join(lines) + "\n")
    openssl("asn1parse", "-genconf", description, "-noout", "-out", out)
    der = out.read_bytes()
    description.unlink(), out.unlink()
    return der


def pkcs1(spki, form="PEM"):
    return openssl("rsa", "-pubin", "-inform", "DER", "-RSAPublicKey_out", "-outform", form, data=spki)


def pem(spki):
    return openssl("pkey", "-pubin", "-inform", "DER", data=spki)


def big_endian(number, zeros=0):
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def standard(data):
    return base64.b64encode(data).decode()


def thumbprint(spki):
    return openssl("dgst", "-sha256", "-r", data=spki).decode().split()[0]


def jwk_thumbprint(n, e):
    """RFC 7638, by Python."""
    jwk = {"e": base64url(big_endian(e)), "kty": "RSA", "n": base64url(big_endian(n))}
    return base64url(hashlib.sha256(json.dumps(jwk, separators=(",", ":")).encode()).digest())


def stream(length, seed):
    """Bytes that look random and are the same each time: SHA-256 over a counter."""
    blocks = (hashlib.sha256(f"{seed} {index}".encode()).digest() for index in range(length // 32 + 1))
    return b"".join(blocks)[:length]


def fresh(folder):
    shutil.rmtree(CASES / folder, ignore_errors=True)
    (CASES / folder).mkdir(parents=True)
    return CASES / folder
