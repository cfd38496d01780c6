#!/usr/bin/env python3
"""Per room of src/: lines of code, public items, longest file, longest function; without emulator, tests and samples.
Usage: benches/sizes.py [COMMIT] in the root of a worktree; without a commit, the files as they are. Prints a Markdown table."""
import re, subprocess, sys
commit = sys.argv[1] if len(sys.argv) > 1 else None
def git(*a): return subprocess.check_output(['git', *a], text=True)
paths = (git('ls-tree', '-r', '--name-only', commit, 'src') if commit else git('ls-files', 'src')).split('\n')
read = (lambda p: git('show', f'{commit}:{p}')) if commit else (lambda p: open(p).read())
SKIP = re.compile(r'(^src/emulator)|/tests(\.rs|/)|samples\.rs$')
PUB = re.compile(r'^\s*pub (?:const fn|async fn|unsafe fn|fn|struct|enum|trait|type|const|static|mod|use|union)\b')
def blank_strings(line):
    line = re.sub(r"b?'(\\.[^']*|[^'\\])'", "' '", line)
    return re.sub(r'"(\\.|[^"\\])*"', '""', line)
def strip(text):
    """Code lines with their numbers: no comments, no blank lines, no `mod tests {}` at the end."""
    text = re.split(r'#\[cfg\(test\)\]\s*\n(?:pub(?:\([a-z]+\))? )?mod \w+ \{', text)[0]
    out = []
    for line in text.split('\n'):
        s = line.strip()
        if s and not s.startswith('//'): out.append(line)
    return out
def functions(lines):
    """(name, lines of code) of each function with a body, by the indentation that rustfmt gives."""
    found, i = [], 0
    while i < len(lines):
        m = re.match(r'^(\s*)(?:pub(?:\([^)]*\))? )?(?:const |async |unsafe )*fn (\w+)', lines[i])
        if m:
            j = i
            while j < len(lines) and not blank_strings(lines[j]).rstrip().endswith(('{', ';', '}')): j += 1
            if j < len(lines) and blank_strings(lines[j]).rstrip().endswith('{'):
                close = m[1] + '}'
                k = j + 1
                while k < len(lines) and lines[k].rstrip() != close: k += 1
                found.append((m[2], k - i + 1))
            else: found.append((m[2], j - i + 1))
        i += 1
    return found
rooms = {}
for p in paths:
    if not p.endswith('.rs') or SKIP.search(p): continue
    room = p.split('/')[1].removesuffix('.rs')
    lines = strip(read(p))
    r = rooms.setdefault(room, dict(files=0, loc=0, pub=0, file=(0, ''), fn=(0, '')))
    r['files'] += 1; r['loc'] += len(lines)
    r['pub'] += sum(1 for l in lines if PUB.match(l))
    r['file'] = max(r['file'], (len(lines), p.removeprefix('src/')))
    for name, n in functions(lines): r['fn'] = max(r['fn'], (n, f"{name} in {p.removeprefix('src/')}"))
print('| room | files | lines of code | public items | longest file | longest function |\n|---|---:|---:|---:|---|---|')
for room in sorted(rooms):
    r = rooms[room]
    print(f"| {room} | {r['files']} | {r['loc']} | {r['pub']} | {r['file'][0]} {r['file'][1]} | {r['fn'][0]} {r['fn'][1]} |")
tot = lambda k: sum(r[k] for r in rooms.values())
print(f"| **all** | {tot('files')} | {tot('loc')} | {tot('pub')} | {max(r['file'] for r in rooms.values())[0]} {max(r['file'] for r in rooms.values())[1]} | {max(r['fn'] for r in rooms.values())[0]} {max(r['fn'] for r in rooms.values())[1]} |")
