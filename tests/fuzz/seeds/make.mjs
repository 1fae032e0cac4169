// Writes the seeds of those targets that have no case files: `node tests/fuzz/seeds/make.mjs`.
// Spelt out here without Keyferry's code: the lines' hashes and the frames' lengths too.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

const here = new URL('.', import.meta.url).pathname;
const cases = `${here}../../cases`;

function seeds(target, files) {
  mkdirSync(`${here}${target}`, { recursive: true });
  // What was found once was written by nobody's hand, and stays.
  for (const name of readdirSync(`${here}${target}`)) if (!name.startsWith('found-')) rmSync(`${here}${target}/${name}`);
  for (const [name, content] of Object.entries(files)) writeFileSync(`${here}${target}/${name}`, content);
}

const json = (value) => JSON.stringify(value);
const numbered = (texts) => Object.fromEntries(texts.map((text, index) => [String(index).padStart(2, '0'), text]));

const VERSION = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const KID = `https://contosobyok.vault.azure.net/keys/KEKforBYOK/${VERSION}`;
const KEK = readFileSync(`${cases}/kek/az-show-2048/input`);
const THUMBPRINT = JSON.parse(readFileSync(`${cases}/kek/az-show-2048/expected.json`)).thumbprint_sha256;
const BLOB = readFileSync(`${cases}/blob/minified/input`);

// Identifiers, addresses of vaults, names.
const hosts = ['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net', 'vault.microsoftazure.de'];
const pools = hosts.map((host) => host.replace('vault', 'managedhsm'));
seeds('kid', numbered([
  KID,
  `${KID}\n`,
  `${KID}\r\n`,
  ...[...hosts, ...pools].map((host) => `https://contoso.${host}/keys/k/${VERSION}`),
  ...[...hosts, ...pools].map((host) => `https://contoso.${host}`),
  'https://contoso.vault.azure.net:443/keys/k',
  'HTTPS://Contoso.Vault.Azure.NET/keys/K-1',
  'https://contoso.vault.azure.net/keys/k/',
  'https://contoso.vault.azure.net//keys/k',
  'https://contoso.vault.azure.net/keys/k?api-version=7.4',
  'https://contoso.vault.azure.net/keys/k#x',
  'https://a@contoso.vault.azure.net/keys/k',
  'https://a:b@contoso.vault.azure.net/keys/k',
  'https://contoso.vault.azure.net.evil.example/keys/k',
  'https://evilvault.azure.net/keys/k',
  'https://contoso.vault.azure.net./keys/k',
  'https://xn--contoso.vault.azure.net/keys/k',
  'https://contoso.vault.azure.net:8443/keys/k',
  'http://contoso.vault.azure.net/keys/k',
  'https://contoso.vault.azure.net/keys/%6b',
  'https://contoso.vault.azure.net\\@evil.example/keys/k',
  'https://127.0.0.1/keys/k',
  'https://[::1]:443/keys/k',
  `https://localhost:43123/keys/KEK/${VERSION}`,
  'https://localhost:43123',
  'localhost:43123',
  '127.0.0.1:1',
  'payments 2026',
  'ключ \u202e\u001b[2J\\u{1b}',
  'a'.repeat(600),
]));

// What is said over HTTP, printed, or kept.
const reason = { code: 'not-extractable', message: 'CKA_EXTRACTABLE is false.', advice: 'Make another key.' };
const finding = { code: 'kid-without-version', severity: 'warning', message: 'No version.', advice: 'Add it.' };
const token = { label: 'partition', manufacturer: 'maker', model: 'model', serial: '0042', firmware: '7.3', software: false };
const key = { label: 'payroll', id: '01ab', kind: 'RSA-2048', transferable: false, reasons: [reason], spki: 'MAA=' };
const record = { seq: 7, hash: 'ab'.repeat(32) };
const attestation = { hardware: 'genuine', key: 'made-inside', pool: 'pinned' };
const verification = { public_key: 'equal', private_key: 'signed', algorithm: 'RS256', findings: [finding] };
const place = { seq: 7, time: '2026-11-25T08:00:00Z', hash: 'ab'.repeat(32) };
const wrapOrder = {
  request_id: '00112233445566778899aabbccddeeff', kek: KEK.toString('base64'), kid: null,
  kek_thumbprint_sha256: THUMBPRINT, key: { label: 'payroll', id: '01' }, attestation: null,
};
const wrapAnswer = {
  request_id: wrapOrder.request_id, kek_thumbprint_sha256: THUMBPRINT, kid: KID, target: 'P-256',
  strategy: 'oaep+kwp', self_test: 'exact', attestation, proven_lengths: [168], ciphertext: 'AQID',
  generator: 'keyferry 0.1.0; maker model firmware 7.3', software: false, spki: null, audit: record, findings: [finding],
};
const importOrder = {
  file: BLOB.toString('base64'), name: 'imported', operations: ['sign', 'verify', 'wrapKey'], tags: { owner: 'payments' },
  not_before: 1800000000, expires: 1900000000, enabled: true, release_policy: null,
};
const importAnswer = {
  file_sha256: 'cd'.repeat(32), kid: KID, target: 'RSA-2048', settled: false, verification, audit: record,
};
const session = {
  version: '0.1.0', token, unlocked: true, login: 'pin-pad', prompt: 'pinentry', software_token_allowed: false,
  practice: { authority: 'localhost:43123', kek: null },
  offers: [{ profile: 'softhsm', name: 'SoftHSM', path: '/usr/lib/softhsm/libsofthsm2.so', software: true }], vault: 'online',
};
const entry = {
  event: 'wrap-outcome', outcome: 'done', code: null, token_serial: '0042', token_firmware: '7.3', key_label: 'payroll',
  key_id: '01ab', target: 'RSA-2048', kek_thumbprint_sha256: THUMBPRINT, kid: KID, strategy: 'oaep+kwp', self_test: 'exact',
  ciphertext_sha256: 'ef'.repeat(32), asked_by: 'page', approval: 'terminal',
};
const receipt = {
  receipt_version: 1, generator: 'keyferry 0.1.0; maker model firmware 7.3', file_sha256: 'cd'.repeat(32),
  ciphertext_sha256: 'ef'.repeat(32), target: 'RSA-2048', key_label: 'payroll', key_id: '01ab', spki: 'MAA=', kid: KID,
  kek_thumbprint_sha256: THUMBPRINT, token, strategy: 'oaep+kwp', self_test: 'exact', attestation, audit: place,
  import: { kid: KID, verification, audit: place },
};
seeds('wire', Object.fromEntries(Object.entries({
  'keygen-order': { kind: 'P-256', label: 'payroll' },
  'key-selector': { label: null, id: '01ab' },
  'wrap-order': wrapOrder,
  'wrap-order-short': { ...wrapOrder, kek: 'MAA=', attestation: 'e30=' },
  'wrap-answer': wrapAnswer,
  'wrap-event-stage': { event: 'stage', stage: 'self-testing' },
  'wrap-event-done': { event: 'done', answer: wrapAnswer },
  'wrap-event-failed': { event: 'failed', error: reason },
  'vault-query': { vault: 'https://contosobyok.vault.azure.net' },
  'vault-kek-query': { kid: KID },
  'vault-kek-order': { vault: 'https://contosobyok.vault.azure.net', name: 'KEK', bits: 4096, expires: null },
  'vault-import-order': importOrder,
  'vault-import-order-exportable': { ...importOrder, operations: ['encrypt', 'decrypt', 'unwrapKey'], release_policy: '{"version":"1.0.0","anyOf":[]}' },
  'vault-import-answer': importAnswer,
  'vault-import-event-stage': { event: 'stage', stage: 'verifying' },
  'vault-import-event-done': { event: 'done', answer: importAnswer },
  'plan-run': { import: true },
  'retirement-order': { kid: KID, how: 'disable' },
  'retirement-answer': { kid: KID, how: 'delete' },
  'session': session,
  'session-locked': { ...session, token: null, unlocked: false, login: 'pin', prompt: 'none', practice: null, offers: [], vault: 'not-built' },
  'token': token,
  'key': key,
  'keys': { token, keys: [key, { ...key, kind: 'AES-256', transferable: true, reasons: [], spki: null }] },
  'finding': finding,
  'reason': reason,
  'record': record,
  'vault-keys': { vault: 'https://contosobyok.vault.azure.net', signed_in: 'az', keys: [{ name: 'KEK', kid: KID, kind: 'RSA-HSM 4096', expires: null, usable: true, reasons: [] }], left_out: 3 },
  'vault-kek': { kid: KID, document: '{}' },
  'verification': verification,
  'kek-verdict': { ...JSON.parse(readFileSync(`${cases}/kek/az-show-2048/expected.json`)), findings: [finding] },
  'inspection': { ...JSON.parse(readFileSync(`${cases}/blob/minified/expected.json`)), findings: [finding] },
  'audit-entry': entry,
  'audit-head': record,
  'receipt': receipt,
}).map(([name, value]) => [name, json(value)])));

// Lines of the record, chained as the product's documents say: SHA-256 over a domain line and the line without its hash.
function chain(entries) {
  let prev = '0'.repeat(64);
  return entries.map((one, index) => {
    const line = { seq: index + 1, time: '2026-11-25T08:00:00Z', ...one, prev };
    prev = createHash('sha256').update('keyferry audit line 1\n').update(json(line)).digest('hex');
    return json({ ...line, hash: prev });
  });
}
const nothing = Object.fromEntries(Object.keys(entry).map((member) => [member, null]));
const event = (name, outcome, more = {}) => ({ ...nothing, event: name, outcome, asked_by: 'page', ...more });
const lines = chain([
  event('serve-start', 'done', { asked_by: 'command-line' }),
  event('unlock', 'refused', { code: 'pin-wrong' }),
  event('keygen', 'done', { key_label: 'a "label"\n\u001b', target: 'AES-256' }),
  { ...entry, event: 'wrap-intent', outcome: 'intended' },
  entry,
  { ...entry, event: 'import-outcome', outcome: 'failed', file_sha256: 'cd'.repeat(32), vault_kid: KID, credential: 'az' },
]);
seeds('audit', {
  'chain': lines.join('\n'),
  'first-line': lines[0],
  'ends-with-a-break': `${lines[0]}\n`,
  'without-the-first': lines.slice(1).join('\n'),
  'exchanged': [lines[1], lines[0]].join('\n'),
  'twice': [lines[0], lines[0]].join('\n'),
  'changed': lines.join('\n').replace('refused', 'done'),
  'spaces': lines[0].replace('{"seq":1,', '{ "seq":1,'),
  'member-twice': lines[0].replace('{"seq":1,', '{"seq":1,"seq":1,'),
  'cut': lines.join('\n').slice(0, -20),
  'largest-number': lines[0].replace('"seq":1,', '"seq":18446744073709551615,'),
});

// The record's files: so many good lines, the head so many behind, so many bytes cut, and what stands behind.
const files = (count, behind, cut, rest = '') => Buffer.concat([Buffer.from([count, behind, cut]), Buffer.from(rest)]);
seeds('record', numbered([
  files(0, 0, 0), files(1, 0, 0), files(3, 0, 0), files(3, 1, 0), files(3, 2, 0), files(1, 1, 0), files(2, 1, 9),
  files(3, 0, 200), files(3, 1, 1), files(0, 0, 0, lines[0]), files(0, 0, 0, `${lines[0]}\n`), files(2, 0, 0, 'torn'),
  files(2, 0, 0, '\n'), files(2, 0, 0, 'foreign\n'), files(2, 1, 0, '{"seq":3'), files(0x82, 0, 0, json(record)),
  files(0x80, 0, 0, `{"seq":0,"hash":"${'0'.repeat(64)}"}`), files(0x81, 0, 0, ''), files(3, 3, 0), files(1, 0, 255, '\0\0\n'),
]));

// Frames of the worker's pipe: length of tag and body, tag, body.
function frame(tag, body) {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length + 1);
  head[4] = tag;
  return Buffer.concat([head, bytes]);
}
const message = (value) => frame(1, packed(value));

// MessagePack, as far as messages need it: nil, booleans, whole numbers, texts, bytes, lists, maps.
function packed(value) {
  if (value === null) return Buffer.from([0xc0]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === 'number') return value < 0x80 ? Buffer.from([value]) : Buffer.from([0xce, value >>> 24, value >>> 16, value >>> 8, value]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([0xd9, Buffer.byteLength(value)]), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from([0xc5, value.length >>> 8, value.length]), value]);
  if (Array.isArray(value)) return Buffer.concat([Buffer.from([0xdc, value.length >>> 8, value.length]), ...value.map(packed)]);
  const members = Object.entries(value);
  return Buffer.concat([Buffer.from([0x80 | members.length]), ...members.flat().map(packed)]);
}
const selector = { label: 'payroll', id: null };
const call = { function: 'C_WrapKey', name: 'CKR_KEY_UNEXTRACTABLE', value: 106 };
const numbers = { kek_modulus: Buffer.from('c5c5', 'hex'), kek_exponent: Buffer.from('010001', 'hex') };
const choice = { strategy: 'oaep+kwp', self_test: 'exact', coverage: { kind: { zeros: 0 } }, proven_lengths: [168] };
const wrapped = { ciphertext: Buffer.alloc(300, 7), choice, target: 'P-256', spki: null };
const requests = {
  'open': { Open: { module: { Library: { path: '/usr/lib/libhsm.so', args: null } }, token: { Label: 'partition' } } },
  'open-embedded': { Open: { module: { Embedded: { state: '/tmp/state' } }, token: 'Only' } },
  'survey': { Survey: { module: { Library: { path: '/usr/lib/libhsm.so', args: 'configdir=x' } }, token: { Slot: 3 } } },
  'login': { Login: { pin_follows: true, final_try: 'Refuse' } },
  'login-at-the-pad': { Login: { pin_follows: false, final_try: 'Allow' } },
  'logout': 'Logout',
  'keys': 'Keys',
  'keygen': { GenerateKey: { kind: 'P-521', label: 'payroll' } },
  'rehearsal': { MakeRehearsalKey: { kind: 'RSA-2048' } },
  'destroy': 'DestroyRehearsalKeys',
  'self-test': { SelfTest: 'session' },
  'wrap': { Wrap: { key: selector, ...numbers, strategy: 'proven' } },
  'wrap-many': { WrapMany: { keys: [selector, selector], ...numbers, strategy: 'proven' } },
  'wrap-unproven': { Wrap: { key: selector, ...numbers, strategy: { unproven: 'oaep+kwp' } } },
};
const answers = {
  'opened': { Ok: { Opened: { info: token, login: 'pin', pin_state: 'count-low' } } },
  'logged-in': { Ok: { LoggedIn: 'taken' } },
  'listed': { Ok: { Keys: [key] } },
  'generated': { Ok: { Generated: key } },
  'destroyed': { Ok: { Destroyed: { gone: ['a'], left: [['b', 'why']] } } },
  'self-tested': { Ok: { SelfTested: { proofs: [{ strategy: 'oaep+kwp', outcome: 'exact', kinds: [{ kind: 'P-256', outcome: 'failed', trailing_zeros: 0, length: null, detail: 'why', call }] }], extractable: 'kept', objects: 'session' } } },
  'wrapped': { Ok: { Wrapped: wrapped } },
  'wrapped-many': { Ok: { WrappedMany: [{ Ok: { ...wrapped, spki: Buffer.alloc(91, 3) } }, { Err: 'WorkerStopped' }] } },
  'wrapped-some': { Ok: { Part: { Wrapped: [{ Ok: wrapped }] } } },
  'failed': { Err: { WorkerStopped: null } },
  'stopped': { Err: 'WorkerStopped' },
  'pin-wrong': { Err: { PinWrong: { final_try_next: true } } },
  'deadline': { Err: { DeadlineExceeded: { call: 'wrap', seconds: 30 } } },
};
const all = { ...requests, ...answers };
seeds('frames', {
  ...Object.fromEntries(Object.entries(all).map(([name, value]) => [name, message(value)])),
  'login-with-its-pin': Buffer.concat([message(requests.login), frame(2, '123456'), message('Keys')]),
  'login-without-its-pin': Buffer.concat([message(requests.login), message('Keys')]),
  'conversation': Buffer.concat([message(requests.open), message(requests.login), frame(2, '1234'), message('Keys'), message(requests.wrap), message('Logout')]),
  'secret-alone': frame(2, '1234'),
  'secret-too-long': frame(2, '1'.repeat(1024)),
  'unknown-tag': frame(9, packed({})),
  'length-of-a-list-alone': frame(1, Buffer.from('ddffffffff', 'hex')),
  'length-of-bytes-alone': frame(1, Buffer.from('c6ffffffff', 'hex')),
  'broken-by-what-follows': frame(1, Buffer.concat([packed('Keys'), packed('Keys')])),
  'broken-by-depth': frame(1, Buffer.alloc(5000, 0x91)),
  'length-zero': Buffer.from([0, 0, 0, 0]),
  'length-largest': Buffer.from([255, 255, 255, 255, 1]),
  'length-at-the-bound': Buffer.from([0, 0x80, 0, 0, 1, 0x80]),
  'cut-in-the-length': Buffer.from([0, 0]),
  'cut-in-the-body': message('Keys').subarray(0, 7),
});

// Policies: the key's label on the first line.
seeds('policy', numbered([
  'tenant-7\n',
  "tenant-7\n[allow]\nvaults = ['contosobyok.vault.azure.net']\n",
  "tenant-7\n[allow]\nvaults = ['*.vault.azure.net', '*.managedhsm.azure.net']\nkey_labels = ['tenant-*', '?']\nmin_kek_bits = 2048\n",
  `tenant-7\n[allow]\nkek_thumbprints = ['${THUMBPRINT}']\n`,
  'tenant-7\n[allow]\nkek_thumbprints = []\nmin_kek_bits = 4096\n',
  "payroll-1\n[[rule]]\nname = 'payroll'\nkey_labels = ['payroll-*']\nrequire_attestation = true\n",
  "payroll-1\n[[rule]]\nname = 'pools'\nvaults = ['*']\nrequire_pin = true\n",
  "tenant-7\n[[rule]]\nname = 'batch'\nkey_labels = ['tenant-*']\nwithout_asking = true\n[[rule]]\nname = 'all'\nrequire_attestation = true\nwithout_asking = true\n",
  "x\n[[rule]]\nname = 'x'\n",
  "x\n[[rule]]\nname = ' '\nrequire_pin = true\n",
  'x\n[allow]\nvault = ["x"]\n',
  "x\n[allow]\nvaults = ['']\n",
  'x\nallow = 7\n',
  'x\n[allow]\nmin_kek_bits = -1\n',
  'x\n[[rule]]\nname = "a\\u001b[2J"\nkey_labels = ["*"]\nrequire_pin = true\n',
  `${'a'.repeat(40)}\n[allow]\nkey_labels = ['${'*a'.repeat(20)}b']\n`,
  'x\n# only a comment\r\n[allow]\r\nkey_labels = """*"""\r\n',
]));

// Requests: heads as a browser, a page elsewhere and a stranger send them. SECRET stands for the run's secret.
const HERE = '127.0.0.1:4711';
const headers = { Host: HERE, Origin: `http://${HERE}`, Authorization: 'Bearer SECRET', 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' };
function request(line, changes = {}, body = '') {
  const all = { ...headers, ...changes };
  const sent = Object.entries(all).filter(([, value]) => value !== null).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`));
  return `${[line, ...sent].join('\n')}\n\n${body}`;
}
const navigation = { Origin: null, Authorization: null, 'Content-Type': null, 'Sec-Fetch-Site': null };
const read = { Origin: null, 'Content-Type': null };
seeds('request', {
  'page': request('GET /', navigation),
  'page-head': request('HEAD /index.html', navigation),
  'page-posted': request('POST /', navigation),
  'page-of-another': request('GET /', { ...navigation, Origin: 'http://evil.example' }),
  'session': request('GET /v1/session', read),
  'keys': request('GET /v1/keys', read),
  'unlock': request('POST /v1/unlock', {}, '{}'),
  'lock': request('POST /v1/lock', {}, '{}'),
  'launch': request('POST /v1/launch', { Authorization: null }, '{"code":"guess"}'),
  'keygen': request('POST /v1/keys', {}, json({ kind: 'P-256', label: 'payroll' })),
  'wrap': request('POST /v1/wraps', {}, json(wrapOrder)),
  'wrap-without-key': request('POST /v1/wraps', {}, json({ ...wrapOrder, key: {} })),
  'wrap-of-another-kek': request('POST /v1/wraps', {}, json({ ...wrapOrder, kek_thumbprint_sha256: '0'.repeat(64) })),
  'wrap-with-attestation': request('POST /v1/wraps', {}, json({ ...wrapOrder, attestation: 'e30=' })),
  'vault-keys': request('POST /v1/vault/keys', {}, json({ vault: 'https://contosobyok.vault.azure.net' })),
  'vault-kek': request('POST /v1/vault/kek', {}, json({ kid: KID })),
  'vault-keks': request('POST /v1/vault/keks', {}, json({ vault: 'https://contosobyok.vault.azure.net', name: 'KEK', bits: 4096 })),
  'vault-imports': request('POST /v1/vault/imports', {}, json(importOrder)),
  'vault-retirements': request('POST /v1/vault/retirements', {}, json({ kid: KID, how: 'disable' })),
  'plans': request('POST /v1/plans', {}, '{}'),
  'unknown-route': request('POST /v1/nothing', {}, '{}'),
  'api-itself': request('GET /v1', read),
  'put': request('PUT /v1/unlock', {}, '{}'),
  'options': request('OPTIONS /v1/wraps', { 'Access-Control-Request-Method': 'POST' }),
  'host-missing': request('GET /v1/session', { ...read, Host: null }),
  'host-twice': request('GET /v1/session', { ...read, Host: [HERE, HERE] }),
  'host-localhost': request('GET /v1/session', { ...read, Host: 'localhost:4711' }),
  'host-with-a-dot': request('GET /v1/session', { ...read, Host: '127.0.0.1.:4711' }),
  'host-of-a-rebinder': request('GET /v1/session', { ...read, Host: 'evil.example:4711' }),
  'target-absolute': request('GET http://evil.example/v1/session', read),
  'target-with-query': request('GET /v1/session?token=SECRET', read),
  'target-of-dots': request('GET /v1/../v1/session', read),
  'target-escaped': request('GET /%76%31/session', read),
  'origin-null': request('POST /v1/unlock', { Origin: 'null' }, '{}'),
  'origin-missing': request('POST /v1/unlock', { Origin: null }, '{}'),
  'origin-twice': request('POST /v1/unlock', { Origin: [`http://${HERE}`, 'null'] }, '{}'),
  'origin-https': request('POST /v1/unlock', { Origin: `https://${HERE}` }, '{}'),
  'origin-longer': request('POST /v1/unlock', { Origin: `http://${HERE}.evil.example` }, '{}'),
  'site-cross': request('POST /v1/unlock', { 'Sec-Fetch-Site': 'cross-site' }, '{}'),
  'site-none': request('GET /v1/session', { ...read, 'Sec-Fetch-Site': 'none' }),
  'secret-missing': request('GET /v1/session', { ...read, Authorization: null }),
  'secret-in-lower-case': request('GET /v1/session', { ...read, Authorization: 'bearer SECRET' }),
  'secret-longer': request('GET /v1/session', { ...read, Authorization: 'Bearer SECRETx' }),
  'secret-twice': request('GET /v1/session', { ...read, Authorization: ['Bearer SECRET', 'Bearer SECRET'] }),
  'type-plain': request('POST /v1/unlock', { 'Content-Type': 'text/plain' }, '{}'),
  'type-with-charset': request('POST /v1/unlock', { 'Content-Type': 'application/json; charset=UTF-8' }, '{}'),
  'type-with-boundary': request('POST /v1/unlock', { 'Content-Type': 'application/json; boundary=x' }, '{}'),
  'type-missing': request('POST /v1/unlock', { 'Content-Type': null }, '{}'),
  'length-said-too-large': request('POST /v1/unlock', { 'Content-Length': '65537' }, '{}'),
  'length-said-negative': request('POST /v1/unlock', { 'Content-Length': '-1' }, '{}'),
  'body-list': request('POST /v1/unlock', {}, '[]'),
  'body-spaces': request('POST /v1/unlock', {}, ' \n{ } '),
  'body-deep': request('POST /v1/wraps', {}, '{"key":'.repeat(200)),
  'body-extra': request('POST /v1/unlock', {}, '{"pin":"1234"}'),
});

// Manifests of a batch: the form's letter, then the file.
const VAULT = 'https://contoso.vault.azure.net';
const toml = `T[[vault]]
url = "${VAULT}/"
kek = "kek.json"
[defaults]
ops = ["sign", "verify"]
[[key]]
label = "tenant, \\"7\\""
name = "tenant-7"
tags = { env = "prod", tier = "1" }
expires = 2027-01-15T08:00:00Z
[[key]]
glob = "old-*"
name = "{name}-{id}"
enabled = false
not_before = 1800000000
exportable = true
release_policy = "policy.json"
[[key]]
id = "0A1B"
ops = ["sign"]
`;
const csv = `Clabel,id,glob,vault,name,ops,tags,enabled,not_before,expires,exportable,release_policy,kek,kid,attestation\r
"tenant, ""7""",,,${VAULT},tenant-7,sign verify,env=prod;tier=1,,,2027-01-15T08:00:00Z,,,kek.json,,\r
,,old-*,${VAULT},{name}-{id},sign;verify,,FALSE,1800000000,,true,policy.json,kek.json,,\r
,0a1b,,${VAULT},,sign,,true,,,,,kek.json,,\r
`;
seeds('manifest', {
  'good-toml': toml,
  'good-csv': csv,
  'good-csv-with-a-byte-order-mark': `C\ufeff${csv.slice(1)}`,
  'good-csv-of-two-members': `Clabel,vault,kek\na,${VAULT},kek.json\n`,
  'toml-without-vault': 'T[[key]]\nlabel = "a"\n',
  'toml-broken': 'T[[key]\n',
  'toml-unknown-member': `${toml}labl = "x"\n`,
  'toml-twice': `${toml}[[key]]\nid = "0a1b"\n`,
  'toml-dates-turned': `${toml}[[key]]\nlabel = "b"\nnot_before = 2\nexpires = 1\n`,
  'csv-unknown-column': csv.replace('glob', 'glub'),
  'csv-column-twice': csv.replace('glob', 'label'),
  'csv-ragged': `${csv}a,b\r\n`,
  'csv-quote-open': `${csv}"a`,
  'csv-formula': csv.replace('tenant-7', '=cmd()'),
  'csv-header-alone': csv.split('\n')[0],
  'csv-utf16': Buffer.concat([Buffer.from('C'), Buffer.from(`\ufeff${csv.slice(1)}`, 'utf16le')]),
  'csv-latin-1': Buffer.from(csv.replace('tenant', 't\u00e9nant'), 'latin1'),
  'csv-line-break-in-a-field': csv.replace('tenant, ', 'tenant\n'),
  'csv-other-files': csv.replace('policy.json', 'broken.json'),
  'empty': 'C',
});

// One of each for the targets whose seeds are the case files (scripts/fuzz adds those).
const kidFile = readdirSync(`${cases}/kek`).find((name) => name === 'kid-beside-agrees');
seeds('kek', {
  'with-its-kid': Buffer.concat([KEK, Buffer.from('\n\0\n'), Buffer.from(KID)]),
  'kid-beside': Buffer.concat([readFileSync(`${cases}/kek/${kidFile}/input`), Buffer.from('\n\0\n'), readFileSync(`${cases}/kek/${kidFile}/kid.txt`)]),
  'with-a-second-document': Buffer.concat([KEK, Buffer.from('\n\0\n'), Buffer.from('\n\0\n'), readFileSync(`${cases}/kek/spki-pem/input`)]),
});
seeds('blob', {
  'parts-of-a-blob': Buffer.concat([Buffer.from([3, 0, 0, 7]), Buffer.from('payroll'), Buffer.alloc(64, 5)]),
  'parts-of-another': Buffer.concat([Buffer.from([9, 2, 0, 0]), Buffer.alloc(512 + 40, 7)]),
});
