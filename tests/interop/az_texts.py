"""The lines for `az` in what people read: page, advice, help, profiles and documents; and why some cannot be run."""

import re

from bridge import ROOT

BACKTICKED = r"`(az [^`]+)`"
SOURCES = [
    ("web/src", "*.ts", r"command\('(az [^']+)'"),
    ("web/src", "*.ts", BACKTICKED),
    ("core/src", "*.rs", BACKTICKED),
    ("bridge/src", "*.rs", BACKTICKED),
    ("bridge/profiles", "*.toml", r'^command = "(az [^"]+)"'),
    ("docs", "*.md", BACKTICKED),
    ("docs", "*.md", r"^(az keyvault .+)$"),
    (".", "README.md", BACKTICKED),
    (".", "README.md", r"^(az keyvault .+)$"),
]
# What a line says where its reader has to fill in: the vault, keys and files of the trial.
HOST = "127.0.0.1"
PLACEHOLDERS = {
    "VAULT": HOST, "HSM": HOST, "KEK": "KEK", "LABEL": "LABEL", "LABEL.byok": "LABEL.byok",
    "NAME": "NAME", "FILE.byok": "LABEL.byok", "FILE": "FILE",
    "${hsm}": HOST, "${name}": "KEK",
}
# The key that recover and purge find deleted.
DELETED = "deleted"
# The first words of lines that only Azure itself can answer.
MANAGEMENT = "asks Azure's management plane about vaults and roles; the practice vault is the data plane of keys"
NOT_RUN = {
    "az login": "a person's sign-in at Microsoft Entra, in a browser; the trial signs in as a service principal",
    "az role assignment create": MANAGEMENT,
    "az keyvault show": MANAGEMENT,
    "az keyvault set-policy": MANAGEMENT,
    "az keyvault update": MANAGEMENT,
    "az keyvault role assignment create": "a Managed HSM's own roles, which the practice Managed HSM does not have",
}
# A key has to be there before it is shown, and disabled only when everything else is done.
ORDER = ["create", "import", "show", "download", "set-attributes", "recover", "purge", "get-attestation"]


def texts():
    """Every line, each once, in an order in which they can be run."""
    found = set()
    for folder, name, pattern in SOURCES:
        place = ROOT / folder
        for file in sorted(place.glob(name) if folder == "." else place.rglob(name)):
            if not {"pkg", "tests"} & set(file.parts) and "tests" not in file.stem:
                for line in file.read_text().splitlines():
                    if is_read(file, line):
                        found.update(text.replace('\\"', '"') for text in re.findall(pattern, line))
    return sorted(found, key=lambda line: (next((i for i, verb in enumerate(ORDER) if f"key {verb}" in line), 99), line))


def is_read(file, line):
    """Comments in code are read by nobody who would run them; those on the command line's options are its help."""
    comment = line.lstrip().startswith("//") and file.suffix in (".rs", ".ts")
    return not comment or (line.lstrip().startswith("/// ") and "cli" in file.parts)


def not_run(text):
    """Why this line is not run; None when it is."""
    return next((why for words, why in NOT_RUN.items() if text.startswith(words)), None)


def completed(line, kid):
    """A line with its placeholders filled in and, where it names a command alone, the key that it means."""
    for placeholder, value in PLACEHOLDERS.items():
        line = re.sub(rf"(?<=\s){re.escape(placeholder)}(?=\s|$)", value, line)
    line = re.sub(r"(?<=\s)KID(?=\s|$)", kid, line)
    if not re.search(r"--(vault-name|hsm-name|id) ", line):
        deleted = f"--vault-name {HOST} --name {DELETED}"
        key = deleted if re.search(r" (recover|purge)\b", line) else f"--id {kid}"
        command, redirect = (line.split(" > ") + [""])[:2]
        line = f"{command} {key}" + (f" > {redirect}" if redirect else "")
    if " download " in line and "--file" not in line:
        encoding = re.search(r"--encoding (\S+)", line)
        line += f" --file key.{encoding[1] if encoding else 'key'}"
    return line

