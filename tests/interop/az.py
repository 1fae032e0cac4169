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

from bridge import KEYFERRY, ROOT, Count, PracticeVault, files_of_every_kind, workplace

LINES = os.environ.get("KEYFERRY_AZ_LINES", str(pathlib.Path(KEYFERRY).parent / "az_lines"))
HOST = "127.0.0.1"
# What a line says where its reader has to fill in.
PLACEHOLDERS = {"VAULT": HOST, "KEK": "KEK", "LABEL": "LABEL", "LABEL.byok": "LABEL.byok"}
# The practice vault has keys alone, and attests nothing: sign-in, roles and the vault itself are a subscription's.
RUN = "az keyvault key "
NOT_RUN = "az keyvault key get-attestation"
ORDER = ["create", "show", "download", "set-attributes", "import"]


class Az:
    """az with a configuration of its own, whose only cloud that matters is the practice vault's."""

    def __init__(self, folder, vault):
        self.folder = folder
        self.environment = {
            **os.environ,
            "AZURE_CONFIG_DIR": str(folder / "az"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_NO_COLOR": "true",
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
        (folder / "cloud.json").write_text(json.dumps(cloud))
        name, nobody = "KeyferryPractice", "00000000-0000-0000-0000-000000000000"
        self.run(f"az cloud register --name {name} --skip-endpoint-discovery --cloud-config @cloud.json")
        self.run(f"az cloud set --name {name}")
        login = f"az login --service-principal --username {nobody} --password practice --tenant {nobody}"
        self.run(f"{login} --allow-no-subscriptions")

    def run(self, line):
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", line],
            cwd=self.folder, env=self.environment, text=True, capture_output=True, timeout=300,
        )
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


def texts():
    """Commands in what people read: page, advice and README."""
    found = set()
    for path, pattern in [
        ("web/src", r"command\('(az [^']+)'"),
        ("core/src", r"`(az [^`]+)`"),
        ("bridge/src", r"`(az [^`]+)`"),
    ]:
        for file in sorted((ROOT / path).rglob("*.[rt]s")):
            if "pkg" in file.parts:
                continue
            for line in file.read_text().splitlines():
                # A comment is read by nobody who would run it.
                if not line.lstrip().startswith("//"):
                    found.update(re.findall(pattern, line))
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        found.update(re.findall(r"^\s*(az keyvault key .+)$", file.read_text(), re.MULTILINE))
    return sorted(found, key=lambda line: (next((i for i, verb in enumerate(ORDER) if f" {verb}" in line), 9), line))


def completed(line, kid):
    """A line with its placeholders filled in and, where it names a command alone, the key that it means."""
    for placeholder, value in PLACEHOLDERS.items():
        line = re.sub(rf"(?<=\s){re.escape(placeholder)}(?=\s|$)", value, line)
    line = re.sub(r"(?<=\s)KID(?=\s|$)", kid, line)
    if "--vault-name" not in line and "--id" not in line:
        command, redirect = (line.split(" > ") + [""])[:2]
        line = f"{command} --id {kid}" + (f" > {redirect}" if redirect else "")
    if " download " in line and "--file" not in line:
        line += f" --file key.{line.split('--encoding ')[1].split()[0]}"
    return line


def in_a_vault(count):
    with workplace() as folder:
        folder = pathlib.Path(folder)
        with PracticeVault(folder / "state") as vault:
            az = Az(folder, vault)
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
                if not text.startswith(RUN) or text.startswith(NOT_RUN):
                    print(f"not run: {text}", flush=True)
                    continue
                line = completed(text, vault.url + name)
                count.trial(f"az runs: {line}", lambda: az.run(line))


def in_a_managed_hsm(count):
    with workplace() as folder:
        folder = pathlib.Path(folder)
        with PracticeVault(folder / "state", "--managed-hsm") as vault:
            az = Az(folder, vault)
            files = files_of_every_kind(folder, folder / "state")
            azure = "https://contosobyok.managedhsm.azure.net"
            lines = printed(f"{azure}/keys/KEKforBYOK", files)
            count.trial("az makes a KEK in a Managed HSM", lambda: az.run(localised(lines["kek"], azure, vault)))
            for entry in files:
                line = localised(lines["imports"][entry["kind"]], azure, vault)
                count.trial(f"az imports {entry['kind']}: {line}", lambda: imports(az, line, entry))


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
