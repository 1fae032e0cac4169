"""Azure's own Python SDK, `azure-keyvault-keys`, imports files of every kind into the practice vault."""

import base64
import hashlib
import json
import logging
import pathlib
import time

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.keys import JsonWebKey, KeyClient
from azure.keyvault.keys.crypto import EncryptionAlgorithm, SignatureAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from bridge import Count, PracticeVault, files_of_every_kind, workplace

RSA_OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
EC_ALGORITHMS = {
    "P-256": (SignatureAlgorithm.es256, hashes.SHA256()),
    "P-384": (SignatureAlgorithm.es384, hashes.SHA384()),
    "P-521": (SignatureAlgorithm.es512, hashes.SHA512()),
    "P-256K": (SignatureAlgorithm.es256_k, hashes.SHA256()),
}


class Credential:
    """The practice vault takes any token."""

    def get_token(self, *scopes, **_):
        return AccessToken("practice", int(time.time()) + 3600)


def client_of(vault):
    # A loopback address has no domain to compare the challenge's resource with.
    return KeyClient(
        vault.url, Credential(), verify_challenge_resource=False, connection_verify=vault.ca_file, retry_total=0
    )


def json_web_key(kind, file):
    if kind.startswith("RSA"):
        return JsonWebKey(kty="RSA-HSM", t=file, key_ops=RSA_OPERATIONS)
    if kind.startswith("AES"):
        return JsonWebKey(kty="oct-HSM", t=file, key_ops=["encrypt", "decrypt", "wrapKey", "unwrapKey"])
    return JsonWebKey(kty="EC-HSM", crv=kind, t=file, key_ops=["sign", "verify"])


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, not {expected!r}")


def number(data):
    return int.from_bytes(data, "big")


def import_one(client, entry):
    """Imports, compares the vault's public key with the token's, and has the vault sign for the token's."""
    kind, name = entry["kind"], f"sdk-{entry['kind']}"
    file = pathlib.Path(entry["file"]).read_bytes()
    imported = client.import_key(name, json_web_key(kind, file), hardware_protected=True)
    same(imported.id.rsplit("/", 2)[1], name, "name")
    key = imported.key
    same("import" in key.key_ops, False, "import among the operations")
    if kind.startswith("AES"):
        same((key.kty, entry["spki"]), ("oct-HSM", None), "key type")
        round_trip(client, name, kind)
        return
    public = serialization.load_der_public_key(base64.b64decode(entry["spki"]))
    crypto = client.get_cryptography_client(name)
    digest = hashlib.sha256(name.encode()).digest()
    if kind.startswith("RSA"):
        numbers = public.public_numbers()
        same((number(key.n), number(key.e)), (numbers.n, numbers.e), "public key")
        signature = crypto.sign(SignatureAlgorithm.rs256, digest).signature
        public.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        secret = crypto.encrypt(EncryptionAlgorithm.rsa_oaep, b"secret").ciphertext
        same(crypto.decrypt(EncryptionAlgorithm.rsa_oaep, secret).plaintext, b"secret", "decrypted")
        return
    numbers = public.public_numbers()
    same((number(key.x), number(key.y)), (numbers.x, numbers.y), "public key")
    algorithm, hash_ = EC_ALGORITHMS[kind]
    digest = hashlib.new(hash_.name, name.encode()).digest()
    signature = crypto.sign(algorithm, digest).signature
    r, s = (number(half) for half in (signature[: len(signature) // 2], signature[len(signature) // 2 :]))
    public.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(hash_)))


def round_trip(client, name, kind):
    crypto = client.get_cryptography_client(name)
    algorithm = EncryptionAlgorithm(f"A{kind.removeprefix('AES-')}CBCPAD")
    secret = crypto.encrypt(algorithm, b"secret", iv=bytes(16))
    same(crypto.decrypt(algorithm, secret.ciphertext, iv=bytes(16)).plaintext, b"secret", "decrypted")


def refused(error, work, code=None):
    try:
        work()
    except error as raised:
        if code and code not in str(raised):
            raise
        return
    raise AssertionError("it was not refused")


def wrong_files(client, files):
    """What the SDK sends unread is refused by the vault."""
    by_kind = {entry["kind"]: pathlib.Path(entry["file"]).read_bytes() for entry in files}
    ec_file, rsa_file = by_kind["P-256"], by_kind["RSA-2048"]
    document = json.loads(rsa_file)
    middle = len(document["ciphertext"]) // 2
    another = "B" if document["ciphertext"][middle] == "A" else "A"
    document["ciphertext"] = document["ciphertext"][:middle] + another + document["ciphertext"][middle + 1 :]
    damaged = json.dumps(document).encode()
    for kind, file in [("RSA-2048", ec_file), ("P-256", rsa_file), ("P-384", ec_file), ("RSA-2048", damaged)]:
        refused(HttpResponseError, lambda: client.import_key("wrong", json_web_key(kind, file)), "BadParameter")
    refused(ResourceNotFoundError, lambda: client.get_key("wrong"))


def life_of_a_kek(client):
    kek = client.create_rsa_key("sdk-kek", size=2048, hardware_protected=True, key_operations=["import"])
    same((kek.key_type, list(kek.key_operations)), ("RSA-HSM", ["import"]), "KEK")
    same(client.get_key("sdk-kek").id, kek.id, "newest version")
    updated = client.update_key_properties("sdk-kek", enabled=False, tags={"a": "b"})
    same((updated.properties.enabled, updated.properties.tags), (False, {"a": "b"}), "update")
    same([key.name for key in client.list_properties_of_keys() if key.name == "sdk-kek"], ["sdk-kek"], "list")
    same([key.id for key in client.list_properties_of_key_versions("sdk-kek")], [kek.id], "versions")
    client.begin_delete_key("sdk-kek").wait()
    same([key.name for key in client.list_deleted_keys()], ["sdk-kek"], "deleted")
    refused(ResourceExistsError, lambda: client.create_rsa_key("sdk-kek", hardware_protected=True))
    same(client.begin_recover_deleted_key("sdk-kek").result().id, kek.id, "recovered")
    client.begin_delete_key("sdk-kek").wait()
    client.purge_deleted_key("sdk-kek")
    refused(ResourceNotFoundError, lambda: client.get_deleted_key("sdk-kek"))


def main():
    # The SDK says so when it leaves an operation to the vault, as it does for a key that it holds no half of.
    logging.disable(logging.WARNING)
    count = Count()
    for flavour in [[], ["--managed-hsm"]]:
        where = "Managed HSM" if flavour else "Key Vault"
        with workplace() as folder:
            folder = pathlib.Path(folder)
            state = folder / "state"
            with PracticeVault(state, *flavour) as vault:
                client = client_of(vault)
                files = files_of_every_kind(folder, state)
                for entry in files:
                    name = f"the Python SDK imports {entry['kind']} into a practice {where}"
                    count.trial(name, lambda: import_one(client, entry))
                count.trial(f"a practice {where} refuses what the SDK sends unread", lambda: wrong_files(client, files))
                count.trial(f"the SDK leads a KEK through a practice {where}", lambda: life_of_a_kek(client))
    count.close()


if __name__ == "__main__":
    main()
