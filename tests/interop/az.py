"""The real `az`, unpatched, runs every line that Keyferry prints for it, against the practice vault.

A line names a vault of Azure's; the practice vault's cloud is registered with az (endpoints and DNS
suffix), and in the line the vault's name alone is another: `127.0.0.1`, to which az appends the suffix.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess

from az_texts import DELETED, HOST, completed, not_run, texts
from bridge import KEYFERRY, ROOT, Count, PracticeVault, files_of_every_kind, workplace

LINES = os.environ.get("KEYFERRY_AZ_LINES", str(pathlib.Path(KEYFERRY).parent / "az_lines"))


class Az:
    """az with a configuration of its own, whose only cloud that matters is the practice vault's."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {
            **os.environ,
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_NO_COLOR": "true",
            "TMPDIR": str(folder),
        }

    def by_the_document(self, vault):
        """Signs in by the very lines of docs/practice.md."""
        document = (ROOT / "docs/practice.md").read_text()
        [block] = [block for block in re.findall(r"^```sh\n(.+?)^```", document, re.M | re.S) if "az cloud" in block]
        port = vault.authority.removeprefix(f"{HOST}:")
        block = re.sub(r"\bPORT\b", port, block).replace("STATE/", f"{vault.state}/")
        self.run(f"{block}\nenv -0 > environment")
        left = (self.folder / "environment").read_text().split("\0")
        self.environment = dict(pair.split("=", 1) for pair in left if pair)

    def by_a_file(self, vault):
        """Signs in to a cloud given as a file: az has no option for the suffix of Managed HSMs."""
        self.environment |= {
            "AZURE_CONFIG_DIR": str(self.folder / "az"),
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "REQUESTS_CA_BUNDLE": vault.ca_file,
        }
        suffix = vault.authority.removeprefix(HOST)
        endpoints = [
            "activeDirectory", "activeDirectoryGraphResourceId", "activeDirectoryResourceId",
            "management", "microsoftGraphResourceId", "resourceManager",
        ]
        cloud = {
            "endpoints": dict.fromkeys(endpoints, vault.url),
            "suffixes": {"keyvaultDns": suffix, "mhsmDns": suffix},
        }
        (self.folder / "cloud.json").write_text(json.dumps(cloud))
        name, nobody = "KeyferryPractice", "00000000-0000-0000-0000-000000000000"
        self.run(f"az cloud register --name {name} --skip-endpoint-discovery --cloud-config @cloud.json")
        self.run(f"az cloud set --name {name}")
        login = f"az login --service-principal --username {nobody} --password practice --tenant {nobody}"
        self.run(f"{login} --allow-no-subscriptions")

    def attempt(self, line):
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", line],
            cwd=self.folder, env=self.environment, text=True, capture_output=True, timeout=300,
        )

    def run(self, line):
        done = self.attempt(line)
        if done.returncode != 0:
            raise RuntimeError(f"{line}\n{done.stdout}{done.stderr}")
        return done.stdout


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, not {expected!r}")


def printed(kid, files):
    """What Keyferry prints for a KEK of Azure's and these files."""
    arguments = [f"{entry['kind']}={entry['file']}" for entry in files]
    done = subprocess.run([LINES, kid, *arguments], check=True, text=True, capture_output=True)
    return json.loads(done.stdout)


def imports(az, line, entry):
    answer = json.loads(az.run(line))["key"]
    kind = entry["kind"]
    if kind.startswith("AES"):
        same((answer["kty"], entry["spki"]), ("oct-HSM", None), "key type")
        return
    # The public key's numbers, in order, stand in the token's SubjectPublicKeyInfo.
    spki = base64.b64decode(entry["spki"])
    for member in ["n"] if kind.startswith("RSA") else ["x", "y"]:
        same(base64.b64decode(answer[member]) in spki, True, f"{member} of the token's public key")
    same("import" in answer["keyOps"], False, "import among the operations")


def thumbprint(az, line, kek):
    (az.folder / "kek.json").write_text(json.dumps(kek))
    shown = az.run(line).split()[0]
    check = [KEYFERRY, "kek", str(az.folder / "kek.json"), "--json"]
    verdict = json.loads(subprocess.run(check, text=True, capture_output=True).stdout)
    same(shown, verdict["thumbprint_sha256"], "thumbprint")


def in_a_vault(count):
    with workplace() as folder:
        folder = pathlib.Path(folder)
        with PracticeVault(folder / "state") as vault:
            az = Az(folder)
            az.by_the_document(vault)
            print(f"az {json.loads(az.run('az version'))['azure-cli']}", flush=True)
            files = files_of_every_kind(folder, folder / "state")
            azure = "https://contosobyok.vault.azure.net"
            kek = json.loads(az.run(localised(printed(f"{azure}/keys/KEKforBYOK", files)["kek"], azure, vault)))
            name = kek["key"]["kid"].removeprefix(vault.url)
            lines = printed(azure + name, files)
            kek["key"]["kid"] = azure + name
            line = localised(lines["thumbprint"], azure, vault)
            count.trial("az shows the KEK's thumbprint", lambda: thumbprint(az, line, kek))
            for entry in files:
                line = localised(lines["imports"][entry["kind"]], azure, vault)
                count.trial(f"az imports {entry['kind']}: {line}", lambda: imports(az, line, entry))
            shutil.copy(next(entry["file"] for entry in files if entry["kind"] == "RSA-2048"), folder / "LABEL.byok")
            for text in texts():
                if "get-attestation" in text:
                    continue
                if why := not_run(text):
                    print(f"not run: {text}: {why}", flush=True)
                    continue
                if re.search(r" (recover|purge)\b", text):
                    have_deleted(az)
                line = completed(text, vault.url + name)
                count.trial(f"az runs: {line}", lambda: az.run(line))


def have_deleted(az):
    """A key that is deleted, made and deleted anew where it is not there or was recovered."""
    place = f"--vault-name {HOST} --name {DELETED}"
    if az.attempt(f"az keyvault key show-deleted {place}").returncode != 0:
        az.run(f"az keyvault key create {place} --kty RSA-HSM --size 2048 --ops sign verify")
        az.run(f"az keyvault key delete {place}")


def not_attested(az, line):
    """The practice Managed HSM has no hardware that could attest anything, and says so."""
    done = az.attempt(line)
    same(done.returncode, 1, "exit status")
    same("(NotFound) A practice vault attests no key" in done.stderr, True, f"a plain refusal in {done.stderr}")


def in_a_managed_hsm(count):
    with workplace() as folder:
        folder = pathlib.Path(folder)
        with PracticeVault(folder / "state", "--managed-hsm") as vault:
            az = Az(folder)
            az.by_a_file(vault)
            files = files_of_every_kind(folder, folder / "state")
            azure = "https://contosobyok.managedhsm.azure.net"
            lines = printed(f"{azure}/keys/KEKforBYOK", files)
            count.trial("az makes a KEK in a Managed HSM", lambda: az.run(localised(lines["kek"], azure, vault)))
            for entry in files:
                line = localised(lines["imports"][entry["kind"]], azure, vault)
                count.trial(f"az imports {entry['kind']}: {line}", lambda: imports(az, line, entry))
            az.run(f"az keyvault key create --hsm-name {HOST} --name KEK --kty RSA-HSM --size 2048 --ops import")
            for text in texts():
                if "get-attestation" in text:
                    line = completed(text, f"{vault.url}/keys/KEK")
                    count.trial(f"az is told 404: {line}", lambda: not_attested(az, line))


def localised(line, azure, vault):
    """The vault's name is the one thing that changes."""
    return line.replace(azure, vault.url).replace(" contosobyok", f" {HOST}")


def main():
    count = Count()
    in_a_vault(count)
    in_a_managed_hsm(count)
    count.close()


if __name__ == "__main__":
    main()
