#!/usr/bin/env python3
"""What `validate` costs with changes and windows, beside the same spec without them, in instructions (valgrind).
Usage: benches/schedule.py BINARY [INTERFACES CHANGES WINDOWS]. Prints a Markdown table. Instructions do not depend on what else the machine does."""
import re, subprocess, sys, tempfile, os
binary = os.path.abspath(sys.argv[1])
interfaces, changes, windows = map(int, sys.argv[2:5]) if len(sys.argv) > 2 else (10_000, 200, 50)
carriers = 40

head = 'version: 1\ncloud: { region: cn-a }\ntime_zone: Asia/Shanghai\n'
groups = 'groups:\n' + ''.join(f'  g{group}: {{ min_active: 1 }}\n' for group in range(interfaces // 20))
body = 'interfaces:\n' + ''.join(
    f'  i{n:05}: {{ id: ri-2zeo3xzyf38r4urzd{n:06}, status: Active, group: g{n // 20}, labels: {{ carrier: c{n % carriers} }} }}\n'
    for n in range(interfaces))
# Two a day, of other carriers: each of them takes out a twentieth of the interfaces for two hours, and half of them overlap.
of_changes = 'changes:\n' + ''.join(
    f'  CHG-{n}: {{ reason: works, select: ["label:carrier=c{n % carriers}"], expect: {interfaces // carriers}, status: Inactive, '
    f'from: 2999-{1 + n // 28 % 12:02}-{1 + n % 28:02}T01:00, until: 2999-{1 + n // 28 % 12:02}-{1 + n % 28:02}T03:00 }}\n'
    for n in range(changes))
of_windows = 'windows:\n' + ''.join(
    f'  - {{ deny: w{n}, days: [fri], from: "18:00", for: ["label:carrier=c{n % carriers}"] }}\n' for n in range(windows))

def instructions(text):
    with tempfile.TemporaryDirectory() as directory:
        spec = os.path.join(directory, 'rictl.yaml')
        open(spec, 'w').write(text)
        said = subprocess.run([binary, '-f', spec, 'validate'], capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
        run = subprocess.run(['valgrind', '--tool=callgrind', f'--callgrind-out-file={directory}/out', binary, '-f', spec, 'validate'],
                             capture_output=True, text=True)
        return int(re.search(r'Collected : (\d+)', run.stderr).group(1))

alone = instructions(head + groups + body)
whole = instructions(head + groups + of_changes + of_windows + body)
print(f'| `validate` of {interfaces:,} interfaces | instructions | ratio |\n|---|---:|---:|')
print(f'| alone | {alone / 1e6:,.0f} M | 1.00 |')
print(f'| with {changes} changes and {windows} windows | {whole / 1e6:,.0f} M | {whole / alone:.2f} |')
