"""Writes src/jinja/cases.json: small templates by construct, and what Jinja makes of them as transformers sets it up.

    python3 scripts/jinja-cases.py            # writes the file
    python3 scripts/jinja-cases.py --check    # ends with 1 if the file differs from what Jinja gives

Needs the packages transformers and jinja2.
"""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FILE = HERE.parent / "src" / "jinja" / "cases.json"

NAMES = {
    "s": " Hold fast. ",
    "u": "\u0085x\u001c",
    "e": "",
    "zero": "0",
    "n": 5,
    "f": 2.5,
    "yes": True,
    "nil": None,
    "nums": [3, 1, 2, 1],
    "words": ["b", "A", "c", "a"],
    "mix": [1, "a", None, True, [1, 2], {"k": 1}],
    "d": {"a": 1, "b": "x", "items": 3},
    "deep": {"a": {"b": [1, {"c": "deep"}]}},
    "emoji": "a\U0001f469\u200d\U0001f680b\U0001f642",
    "big": 12345678901234567890,
    "msgs": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nAye"},
        {"role": "user"},
    ],
}

CASES = {
    "whitespace around tags": [
        "a\n  {% if yes %}\nb\n  {% endif %}\nc\n",
        "a \n {%- if yes -%} \n b \n {%- endif -%} \n c",
        "a\n  {%+ if yes %}b{%+ endif +%}\nc",
        "a\n  {{ 1 }}\n  {{- 2 -}}\n  3",
        "a {# c #}\nb\n  {#- c -#}\n c {#+ d +#}\n e",
        "x\u001c\u0085{%- if yes %}y{% endif %}",
        "x\ufeff{%- if yes %}y{% endif %}",
        "a\r\n{% if yes %}\r\nb\r{% endif %}\r\nc\r\n",
        "a\n\n",
        "{% if yes %}\n\nx{% endif %}\n\n",
        "{% raw %}\n{{ a }}{% b %}\n  {% endraw %}\nc",
        "a {%- raw -%} {{ x }} {%- endraw -%} b",
        "# if not a statement\n## nor a comment",
        "{{'{{'}} {{ '%}' }} {{ {'a': {'b': 1}}['a'] }}",
    ],
    "literals": [
        "{{ 1_000 }} {{ 0x1f }} {{ 0b101 }} {{ 0o17 }} {{ 1.5e3 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 1.0 }} {{ 100000000000000000000 }}",
        "{{ 'a' \"b\" }} {{ 'a\\nb\\t\\x41\\u00e9\\101\\q' }} {{ 'it\\'s' }} {{ '\\\u00e9' }}",
        "{{ true }} {{ True }} {{ none }} {{ None }} {{ [1, 'a', none, true, 1.0] }} {{ (1,) }} {{ () }} {{ {'a': 1, 2: [3]} }}",
        "{{ 'it\\'s' ~ ['it\\'s', 'say \"x\"', 'a\\n\\x00\\u200b\\\\'] }}",
        "{{ 1, 2 }} {{ (1) }} {{ [1,] }} {{ {1: 2,} }}",
        "{{ 1 if }}", "{{ }}", "{{ 1 2 }}", "{{ 'a }}", "{{ [1 }}", "{{ a ? b }}", "{{ '\\x4' }}", "{% if %}{% endif %}", "{{ 1a }}",
    ],
    "arithmetic": [
        "{{ -1 % 2 }} {{ 7 // -2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7.5 % 2 }} {{ 7.5 // -2 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 2 ** -1 }} {{ 2 ** 0.5 }}",
        "{{ 7 / 2 }} {{ 4 / 2 }} {{ 1 + 1.0 }} {{ true + true }} {{ 'ab' * 3 }} {{ 2 * [1, 2] }} {{ 'a' * -1 }} {{ [1] + [2] }} {{ (1,) + (2,) }}",
        "{{ big * big }} {{ 2 ** 100 }} {{ big // 7 }} {{ big % 1000 }} {{ -big }}",
        "{{ 1e308 * 10 }} {{ -0.0 }} {{ 1 - 0.9 }} {{ 1e22 }} {{ 123456789.123 }} {{ 5e-324 }} {{ 1e15 }} {{ 1234567890123456.7 }}",
        "{{ 1 / 0 }}", "{{ 1 % 0 }}", "{{ 1.0 // 0 }}", "{{ 'a' + 1 }}", "{{ 1 + 'a' }}", "{{ [] + () }}", "{{ none + 1 }}", "{{ -'a' }}", "{{ 'a' - 'b' }}", "{{ 0 ** -1 }}",
        "{{ -n | abs }} {{ n - 1 | int }} {{ 10 - 2 - 3 }} {{ 2 * 3 % 4 }} {{ 1 ~ 2 + 3 }} {{ 1 + 2 ~ 3 }} {{ +n }}",
    ],
    "equality and truth": [
        "{{ '' == false }} {{ 0 == false }} {{ 1 == true }} {{ 1 == 1.0 }} {{ '1' == 1 }} {{ none == false }} {{ [] == false }} {{ [1, 2] == [1, 2] }} {{ [1] == (1,) }}",
        "{{ {'a': 1, 'b': 2} == {'b': 2.0, 'a': true} }} {{ missing == none }} {{ missing == other }} {{ nil == none }} {{ nums == [3, 1, 2, 1] }} {{ 'a' != 'b' }}",
        "{% for x in ['', '0', 0, 1, 0.0, none, [], [0], {}, {'a': 1}, missing, range(0), range(1), ' '] %}{{ 1 if x else 0 }}{% endfor %}",
        "{{ not '' }} {{ not not 'a' }} {{ '' or 'b' }} {{ 'a' and '' }} {{ 0 or none }} {{ none and 1 }} {{ not 1 == 2 }}",
        "{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 < 2 == true }} {{ 'a' < 'b' }} {{ 'Z' < 'a' }} {{ [1, 2] < [1, 3] }} {{ (1,) < (1, 0) }} {{ 2 < 2.5 }} {{ true < 2 }}",
        "{{ '\uffff' < '\U0001f642' }} {{ 1 < 'a' }}", "{{ none < 1 }}", "{{ missing < 1 }}", "{{ [1] < 1 }}", "{{ {} < {} }}",
        "{{ 1 in [1.0] }} {{ true in [1] }} {{ 'a' in 'cab' }} {{ '' in 'a' }} {{ 'a' in d }} {{ 1 in d }} {{ 2 not in nums }} {{ 'x' in missing }} {{ [1, 2] in mix }} {{ 2 in range(3) }} {{ 'x' in d.values() }}",
        "{{ 1 in 'a' }}", "{{ 'a' in 1 }}", "{{ [] in d }}",
        "{{ {1: 'a', true: 'b', 1.0: 'c'} }} {{ {(1, 2): 3}[(1, 2)] }} {{ {none: 1}[none] }}",
    ],
    "undefined values": [
        "[{{ missing }}] {{ missing | length }} {{ missing | list }} {% for x in missing %}x{% endfor %}{{ missing | default('d') }} {{ missing is defined }} {{ [missing] }} {{ missing ~ 'a' }} {{ missing | upper }}",
        "{{ missing.a }}", "{{ missing['a'] }}", "{{ missing() }}", "{{ missing + 1 }}", "{{ -missing }}", "{{ missing | int }}", "{{ missing | tojson }}", "{{ 'a' + missing }}", "{{ missing[1:] }}",
        "{{ d.nope }}{{ d['nope'] }}{{ nums[9] }}{{ nums[-9] }}{{ s[99] }}{{ n.nope }}{{ nil.nope }}{{ msgs[3].content is defined }} {{ msgs[3].content is none }}",
        "{{ msgs[9].role }}", "{{ d.a.b.c }}", "{{ nil.a.b }}",
        "{{ ('x' if false) is undefined }} {{ ('x' if false) ~ '.' }} {{ 'x' if false or yes else 'y' }} {{ 'a' if no else 'b' if no else 'c' }}",
        "{{ missing | default('a') }} {{ '' | default('a') }} {{ '' | default('a', true) }} {{ none | default('a') }} {{ none | d('a', boolean=true) }} {{ missing.x | default('a') }}",
        "{{ missing is sequence }} {{ missing is iterable }} {{ missing is callable }} {{ missing is string }} {{ missing is mapping }} {{ missing | first is undefined }}",
    ],
    "items and attributes": [
        "{{ d.a }} {{ d['a'] }} {{ d.items is callable }} {{ d['items'] }} {{ d.items() | list }} {{ d.keys() }} {{ d.values() }} {{ d.get('b') }} {{ d.get('q', 7) }} {{ d.get('q') }} {{ d.copy() == d }}",
        "{{ deep.a.b.1.c }} {{ deep['a']['b'][-1]['c'] }} {{ msgs[0]['role'] }} {{ msgs.0.role }} {{ mix[-2][1] }} {{ 'abc'[true] }} {{ nums[1.0] is undefined }}",
        "{{ d.constructor is undefined }} {{ d.__proto__ is undefined }} {{ d['__proto__'] is undefined }} {{ ''.__class__ is undefined }} {{ d.hasOwnProperty is undefined }} {{ nums.length is undefined }} {{ toString is undefined }} {{ nums.append is undefined }} {{ d.pop is undefined }} {{ d.update is undefined }}",
        "{{ nums.append(1) }}", "{{ d.pop('a') }}", "{{ 'a'.nope() }}", "{{ nums.nope() }}", "{{ n() }}", "{{ d.get() }}", "{{ d.get([]) }}",
        "{{ nums.index(2) }} {{ nums.count(1) }} {{ (1, 2).index(2) }} {{ nums.index(9) }}",
        "{{ d | attr('items') is callable }} {{ d | attr('a') is undefined }} {{ {'constructor': 1}.constructor }} {{ {'length': 2}.length }}",
    ],
    "slices": [
        "{{ nums[1:] }} {{ nums[:-1] }} {{ nums[::-1] }} {{ nums[1:3] }} {{ nums[-2:] }} {{ nums[5:] }} {{ nums[::2] }} {{ nums[3:0:-1] }} {{ nums[:] }} {{ nums[none:2] }}",
        "{{ 'hello'[1:3] }} {{ 'hello'[::-1] }} {{ 'hello'[-3:-1] }} {{ emoji[1:3] }} {{ emoji[::-1] }} {{ emoji[-1] }} {{ emoji | length }} {{ (1, 2, 3)[1:] }} {{ range(10)[2:8:3] }} {{ range(5)[-1] }}",
        "{{ nums[::0] }}", "{{ nums['a':] }}", "{{ d[1:] }}", "{{ n[1:] }}",
    ],
    "scopes": [
        "{% set x = 0 %}{% for i in range(3) %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}",
        "{% for i in range(2) %}{{ x is defined }}{% set x = 1 %}{% endfor %}",
        "{% set ns = namespace(x=0) %}{% for i in range(3) %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
        "{% if yes %}{% set x = 1 %}{% endif %}{{ x }}{% if not yes %}{% set y = 1 %}{% endif %}{{ y is defined }}",
        "{% set n = n + 1 %}{{ n }}{% if not yes %}{% set s = 1 %}{% endif %}{{ s }}",
        "{% for i in [1] %}{{ n }}{% endfor %}{% set n = 9 %}{{ n }}",
        "{% set x = 1 %}{% for x in [2, 3] %}{{ x }}{% endfor %}{{ x }}",
        "{% for i in [1, 2] %}{% if i == 1 %}{% set n = 7 %}{% endif %}{{ n }}{% endfor %}{{ n }}",
        "{% for i in [1, 2] %}{% for j in [3] %}{% set i = i + j %}{{ i }}{% endfor %}{{ i }} {% endfor %}",
        "{% with a = 1, b = n %}{{ a }}{{ b }}{% set n = 3 %}{{ n }}{% endwith %}{{ n }}{{ a is defined }}",
        "{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}",
        "{% set x %}{% set y = 1 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}",
        "{% filter upper %}{% set y = 'a' %}{{ y }}{% endfilter %}{{ y is defined }}",
        "{% generation %}{% set y = 'a' %}{{ y }}{% endgeneration %}{{ y is defined }}",
        "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = 'xy' %}{{ c }}{{ d }}{% set ns = namespace() %}{% set ns.p, q = 3, 4 %}{{ ns.p }}{{ q }}",
        "{% set a, b = 1, 2, 3 %}", "{% set a, b = 1 %}", "{% set true = 1 %}", "{% set d.x = 1 %}", "{% set missing.x = 1 %}", "{% set ns = namespace(_a=1) %}", "{% for loop in [1] %}{% endfor %}",
        "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns['b'] }}{{ ns.c is defined }}{{ ns }}",
        "{% for tools in [1] %}{{ tools }}{% endfor %}{{ tools is defined }}{% set tools = 2 %}{{ tools }}",
    ],
    "loops": [
        "{% for x in 'abc' %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('o', 'e') }};{% endfor %}",
        "{% for x in nums if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% else %}none{% endfor %}",
        "{% for x in [] %}x{% else %}empty{% endfor %}{% for x in nums if x > 9 %}x{% else %}none{% endfor %}",
        "{% for x in nums %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}|{% for x in nums %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
        "{% for x in [1, 2] %}{% continue %}{% else %}e{% endfor %}{% for x in [1, 2] %}{% break %}{% else %}e{% endfor %}",
        "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}{% for k in d %}{{ k }}{% endfor %}",
        "{% for a in [1, [2, [3]]] recursive %}{{ loop.depth }}{% if a is iterable %}({{ loop(a) }}){% else %}{{ a }}{% endif %}{% else %}e{% endfor %}",
        "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}{% for x in [1, 2] %}{% for y in 'ab' %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
        "{% set ns = namespace(n=0) %}{% for x in [1, 2, 3, 4] if ns.n < 2 %}{% set ns.n = ns.n + 1 %}{{ x }}{% endfor %}",
        "{% for x in nums | map('string') %}{{ loop.index }}{{ loop.last }}{{ loop.length }}{% endfor %}{% for x in 5, 6 %}{{ x }}{% endfor %}{% for x in range(3, 0, -1) %}{{ x }}{% endfor %}",
        "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% break %}", "{% for x in nums %}{{ loop(x) }}{% endfor %}", "{{ range(100001) }}", "{{ range(1, 2, 0) }}", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for x in [1] %}{% filter upper %}a{% break %}{% endfilter %}b{% endfor %}c",
    ],
    "macros": [
        "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, c=3) }} {{ m(b=1, a=2) }} {{ m() }} {{ m(1, 2, 3) }} {{ m(none) }}",
        "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}",
        "{% macro m() %}{{ n }}{{ s | trim }}{% set n = 1 %}{{ n }}{% endmacro %}{{ m() }}{{ n }}",
        "{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}",
        "{% macro m() %}<{{ caller('q') }}>{% endmacro %}{% call(x) m() %}{{ x }}!{% endcall %}{% macro k() %}{{ caller is defined }}{% endmacro %}{{ k() }}",
        "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}{{ f.name }}{{ f.arguments }}{{ f }}",
        "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(z=1) }}", "{% macro m() %}{% endmacro %}{% call m() %}{% endcall %}", "{% macro m(a=1, b) %}{% endmacro %}",
        "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1, 2]) }}{{ m(**{'a': 3, 'b': 4}) }}{{ m(1, **{'b': 5}) }}{{ m(1) | upper }}{{ m('<', '>') | length }}",
    ],
    "string methods": [
        "[{{ s.strip() }}] [{{ s.lstrip() }}] [{{ s.rstrip() }}] [{{ u.strip() }}] [{{ '\ufeffa'.strip() }}] {{ 'xxaxx'.strip('x') }} {{ 'abcba'.lstrip('ab') }} {{ 'abcba'.rstrip('ab') }} [{{ '\\n a \\n'.strip('\\n') }}]",
        "{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.split(' ', 1) }} {{ 'a b c'.split(none, 1) }} {{ 'a b c'.rsplit(' ', 1) }} {{ ' a b c '.rsplit(none, 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a'.split(sep='a', maxsplit=0) }} {{ u.split() }}",
        "{{ 'a\\nb\\r\\nc\\x0bd\\x85e\\u2028f\\x1cg\\n'.splitlines() }} {{ 'a\\nb'.splitlines(true) }} {{ ''.splitlines() }} {{ 'a\\r\\n\\nb'.splitlines(keepends=true) }}",
        "{{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.partition('-') }} {{ 'abc'.rpartition('-') }}",
        "{{ 'aaa'.replace('a', 'b') }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'ab'.replace('', '-') }} {{ 'ab'.replace('', '-', 1) }} {{ 'abab'.replace('ab', '') }}",
        "{{ 'hello world'.title() }} {{ 'they\\'re'.title() }} {{ 'hELLO wORLD'.capitalize() }} {{ '\u00df'.capitalize() }} {{ '\u01c6\ufb01'.title() }} {{ '\u0391\u03a3 \u03c3\u03b1\u03c2'.lower() }} {{ '\u0130I'.lower() }} {{ '\u00df\ufb01\u0149'.upper() }} {{ 'aB1\u00df'.swapcase() }} {{ '\u1fb3\u1f80\u10d0 \u0149'.title() }}",
        "{{ 'ab'.center(5) }}|{{ 'abc'.center(6, '*') }}|{{ 'a'.ljust(3, '.') }}|{{ 'a'.rjust(3) }}|{{ '-7'.zfill(4) }}|{{ 'a\\tb'.expandtabs(4) }}|{{ '\U0001f642'.center(3, '-') }}|{{ 'x'.center(4, '-') }}",
        "{{ 'abcabc'.find('c') }} {{ 'abcabc'.rfind('c') }} {{ 'abc'.find('z') }} {{ 'abc'.index('b') }} {{ 'abcabc'.count('bc') }} {{ 'aaa'.count('aa') }} {{ 'ab'.count('') }} {{ 'abc'.find('c', 1, 2) }} {{ emoji.find('b') }}",
        "{{ 'abc'.startswith('ab') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith('c') }} {{ 'abc'.startswith('b', 1) }} {{ 'abc'.endswith('') }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ 'abc'.removesuffix('') }}",
        "{{ ', '.join(['a', 'b']) }} {{ '-'.join('abc') }} {{ ''.join(d) }}", "{{ ''.join([1]) }}", "{{ 'a'.index('z') }}", "{{ 'a'.split('') }}", "{{ 'a'.strip(1) }}", "{{ 'a'.startswith(1) }}", "{{ 'a'.upper(1) }}", "{{ 'a'.center(3, 'xy') }}", "{{ 'a'.replace('a') }}", "{{ 'a'.strip(chars='a') }}",
        "{{ 'a1'.isalnum() }} {{ 'ab'.isalpha() }} {{ '12'.isdigit() }} {{ ''.isdigit() }} {{ 'ab'.islower() }} {{ 'AB'.isupper() }} {{ 'A b'.isupper() }} {{ ' \u0085'.isspace() }} {{ 'Ab Cd'.istitle() }} {{ 'a\u00e9'.isascii() }} {{ 'a_1'.isidentifier() }} {{ 'a\\n'.isprintable() }} {{ '12'.isdecimal() }} {{ '12'.isnumeric() }} {{ '1'.islower() }}",
    ],
    "formatting": [
        "{{ '%s %r %d %5.2f|%-5s|%05d|%x|%X|%o|%e|%g|%c|%%|%+d|% d|%#x' % ('a', 'b', 3.9, 3.14159, 'ab', 42, 255, 255, 8, 12345.678, 1e-7, 'z', 1, 2, 255) }}",
        "{{ '%(a)s-%(b)s' % d }} {{ '%s' % nums }} {{ '%s' % (nums,) }} {{ '%.2s|%5s|%-5s|' % ('abc', 'a', 'b') }} {{ '%s' % none }} {{ '%d' % true }} {{ '%.0f %.0f %.1f' % (0.5, 1.5, 0.25) }} {{ '%*d' % (5, 3) }}",
        "{{ '%s' | format('a') }} {{ '%s %s' | format('a', 'b') }} {{ '%(x)s' | format(x=1) }} {{ 'a' | format() }}",
        "{{ '{} {}'.format(1, 'a') }} {{ '{1}{0}'.format(1, 2) }} {{ '{a}'.format(a=1) }} {{ '{{}}'.format() }} {{ '{!r}'.format('a') }} {{ '{a}'.format_map({'a': 3}) }}",
        "{{ '{:>5}|{:<5}|{:^5}|{:*^7}|{:05d}|{:,}|{:.2f}|{:x}|{:#x}|{:b}|{:e}|{:g}|{:%}|{:+}|{:5}|{:5}|{:_}'.format('a', 'b', 'c', 'd', 42, 1234567, 3.14159, 255, 255, 5, 1234.5, 0.00001, 0.25, 3, 'a', 7, 1234567) }}",
        "{{ '%d' % 'a' }}", "{{ '%s %s' % 'a' }}", "{{ 'a' % 'b' }}", "{{ '%q' % 1 }}", "{{ '%(a)s' % 1 }}", "{{ '{}'.format() }}", "{{ '{'.format() }}", "{{ '{:d}'.format('a') }}", "{{ '{x}'.format(1) }}",
    ],
    "filters on text": [
        "[{{ s | trim }}] [{{ u | trim }}] [{{ 'xax' | trim('x') }}] {{ 'aB' | upper }} {{ 'aB' | lower }} {{ 'hello wORLD' | capitalize }} {{ 'foo-bar (baz) they\\'re {x} [y] <z>' | title }} {{ '\u00dfx' | title }} {{ 5 | upper }}",
        "{{ 'aaa' | replace('a', 'b') }} {{ 'aaa' | replace('a', 'b', 1) }} {{ 123 | replace(2, 'x') }} {{ 'abc' | reverse }} {{ 'a b  c' | wordcount }} {{ 'it\\'s 2 nice_words' | wordcount }} {{ 'ab' | center(6) }}|",
        "{{ 'a\\nb\\n\\nc' | indent }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\n\\nb' | indent(2, blank=true) }}|{{ 'a\\nb\\n' | indent('> ') }}|{{ 'a\\r\\nb' | indent(1) }}",
        "{{ 'hello big world' | truncate(9) }} {{ 'hello big world' | truncate(9, true) }} {{ 'hello big world' | truncate(9, false, '', 0) }} {{ 'hello' | truncate(3) }} {{ 'hello big world' | truncate(7, leeway=0, end='!') }}",
        "{{ '<a & \"b\\'>' | e }} {{ '<' | escape | e }} {{ '<' | safe | e }} {{ '<' | e | forceescape }} {{ ('<' | safe) + '<' }} {{ '<' + ('<' | safe) }} {{ ('<' | safe) ~ '<' }} {{ ['<' | safe, '<'] | join('&') }} {{ '<' | safe }} {{ (('<b>' | safe).upper() + '<') }} {{ ['a<' | safe] }}",
        "{{ 'a b/c?\u00e9' | urlencode }} {{ {'a': 'b c', 'd': '/'} | urlencode }} {{ 'abc' | list }} {{ 5 | string + 'a' }} {{ none | string }} {{ 1.0 | string }}",
        "{{ ' ' | trim | length }} {{ '' | upper }} {{ '' | title }} {{ '' | capitalize }} {{ none | trim }} {{ true | lower }}",
        "{{ 5 | indent }}", "{{ 'a' | nope }}", "{% if not yes %}{{ 'a' | nope }}{% endif %}ok", "{{ 'a' if yes else 'b' | nope }}", "{{ 5 | length }}", "{{ 'a' | trim(1) }}", "{{ 'a' | replace('a') }}",
    ],
    "filters on numbers": [
        "{{ '42' | int }} {{ '42.9' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ '0x1f' | int(base=16) }} {{ '101' | int(0, 2) }} {{ ' 1_000 ' | int }} {{ 3.9 | int }} {{ -3.9 | int }} {{ none | int(5) }} {{ true | int }} {{ '1e3' | int }} {{ 'inf' | int(3) }}",
        "{{ '1.5' | float }} {{ 'x' | float }} {{ '1e3' | float }} {{ 'x' | float(2.5) }} {{ 'inf' | float }} {{ ' -.5 ' | float }} {{ 3 | float }} {{ '1_0.5' | float }} {{ 'nan' | float }} {{ none | float }}",
        "{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 5 | round }} {{ 1234 | round(-2) }} {{ 1250 | round(-2) }} {{ 2.1 | round(0, 'ceil') }} {{ 2.15 | round(1, 'floor') }} {{ 3 | round(1, 'ceil') }} {{ -0.5 | round }} {{ 2.5 | round | int }}",
        "{{ -3 | abs }} {{ -2.5 | abs }} {{ true | abs }} {{ nums | sum }} {{ [0.1, 0.2] | sum }} {{ msgs[:2] | map(attribute='role') | map('length') | sum }} {{ [{'a': 1}, {'a': 2}] | sum(attribute='a') }} {{ [[1], [2]] | sum(start=[]) }} {{ [] | sum }}",
        "{{ 'a' | abs }}", "{{ 'a' | round }}", "{{ ['a'] | sum }}", "{{ 1 | round(0, 'up') }}",
    ],
    "filters on lists": [
        "{{ nums | sort }} {{ nums | sort(reverse=true) }} {{ words | sort }} {{ words | sort(case_sensitive=true) }} {{ msgs[:3] | sort(attribute='role') | map(attribute='role') | list }} {{ 'bca' | sort }} {{ [[2, 'a'], [1, 'b']] | sort(attribute='0') }} {{ [{'a': 1, 'b': 2}, {'a': 1, 'b': 1}] | sort(attribute='a,b') }}",
        "{{ nums | first }} {{ nums | last }} {{ [] | first is undefined }} {{ 'abc' | last }} {{ d | first }} {{ nums | reverse | list }} {{ nums | length }} {{ nums | count }} {{ nums | min }} {{ nums | max }} {{ words | max }} {{ words | min(case_sensitive=true) }} {{ [] | max is undefined }} {{ msgs[:2] | max(attribute='role') }}",
        "{{ nums | unique | list }} {{ ['a', 'A', 'b'] | unique | list }} {{ ['a', 'A'] | unique(true) | list }} {{ [1, 1.0, true] | unique | list }} {{ nums | join(', ') }} {{ msgs | join('-', attribute='role') }} {{ [1, none, missing, 'a'] | join('|') }} {{ 'abc' | join('.') }}",
        "{{ nums | batch(3) | list }} {{ nums | batch(3, 0) | list }} {{ nums | slice(3) | list }} {{ nums | slice(3, 'x') | list }} {{ [1, 2, 3, 4, 5, 6, 7] | slice(3) | list }}",
        "{{ msgs | map(attribute='role') | list }} {{ msgs | map(attribute='content', default='?') | list }} {{ words | map('upper') | join }} {{ ['a-b'] | map('replace', '-', '+') | list }} {{ msgs | map(attribute='content.0') | first }} {{ nums | map('string') | list }} {{ [] | map('nope') | list }}",
        "{{ nums | select('odd') | list }} {{ nums | reject('odd') | list }} {{ [0, 1, '', 'a', none] | select | list }} {{ nums | select('gt', 1) | list }} {{ nums | select('in', [1, 2]) | list }} {{ mix | select('string') | list }} {{ nums | select('==', 1) | list }} {{ nums | reject('lessthan', 2) | list }}",
        "{{ msgs | selectattr('role', 'equalto', 'user') | list | length }} {{ msgs | selectattr('content', 'undefined') | list }} {{ msgs | selectattr('content') | list | length }} {{ msgs | rejectattr('content', 'defined') | list }} {{ msgs | rejectattr('role', 'in', ['user']) | map(attribute='role') | list }} {{ msgs | selectattr('role', 'ne', 'user') | first }}",
        "{% for g in msgs | groupby('role') %}{{ g.grouper }}:{{ g.list | length }} {{ g[0] }} {% endfor %}{% for k, v in [{'a': 'x'}, {'a': 'X'}, {}] | groupby('a', default='z') %}{{ k }}{{ v }}{% endfor %}",
        "{{ d | dictsort }} {{ {'b': 1, 'A': 2} | dictsort }} {{ {'b': 1, 'A': 2} | dictsort(true) }} {{ {'a': 2, 'b': 1} | dictsort(by='value') }} {{ {'a': 2, 'b': 1} | dictsort(reverse=true) }} {{ d | items | list }} {{ missing | items | list }} {{ d | list }}",
        "{% set x = nums | map('string') %}{{ x | list }}{{ x | list }}{{ x is iterable }}{{ x is sequence }}{{ 1 if x else 0 }}", "{{ nums | map('string') | length }}", "{{ nums | map('nope') | list }}", "{{ nums | select('nope') | list }}", "{{ nums | map | list }}", "{{ [1, 'a'] | sort }}", "{{ [[]] | unique | list }}", "{{ 5 | list }}", "{{ 5 | first }}", "{{ nums | map('string') | last }}", "{{ 5 | items | list }}",
    ],
    "tojson": [
        "{{ mix | tojson }} {{ d | tojson }} {{ 'a\"b\\\\c\\n\\t\\x01\\x7f\u00e9\u2028</script>&' | tojson }} {{ 1.0 | tojson }} {{ 1e16 | tojson }} {{ none | tojson }} {{ (1, 2) | tojson }} {{ big | tojson }} {{ [] | tojson }} {{ {} | tojson }}",
        "{{ deep | tojson(indent=2) }}|{{ [] | tojson(indent=2) }}|{{ [[], {}] | tojson(indent=1) }}|{{ [1] | tojson(indent=0) }}|{{ [1] | tojson(indent='--') }}",
        "{{ 'é🙂' | tojson(ensure_ascii=true) }} {{ [1, {'a': 2}] | tojson(separators=(',', ':')) }} {{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }} {{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }} {{ {'b': 1, 'a': [1]} | tojson(indent=2, sort_keys=true) }} {{ ('<' | safe) | tojson }} {{ ('a' | tojson) + '<' }}",
        "{{ missing | tojson }}", "{{ range(3) | tojson }}", "{{ {(1, 2): 3} | tojson }}", "{{ [missing] | tojson }}", "{{ namespace() | tojson }}",
        "{{ ('inf' | float) | tojson }} {{ ('nan' | float) | tojson }}",
    ],
    "tests": [
        "{% for x in [1, 1.0, true, 'a', '', none, [1], {'a': 1}, missing, range(2), (1,), d.keys()] %}{{ x is number }}{{ x is integer }}{{ x is float }}{{ x is boolean }}{{ x is string }}{{ x is none }}{{ x is mapping }}{{ x is sequence }}{{ x is iterable }}{{ x is callable }};{% endfor %}",
        "{{ 3 is odd }} {{ 4 is even }} {{ -1 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(4) }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 0 is false }} {{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 1 is lower }} {{ 'a1' is lower }}",
        "{{ 1 is eq 1 }} {{ 1 is equalto 1.0 }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 1 is le 1 }} {{ 1 is gt 2 }} {{ 1 is ge 1 }} {{ 1 is greaterthan(0) }} {{ 'a' is in 'abc' }} {{ 1 is in [1] }} {{ 1 is not in [1] }} {{ 'a' is not string }} {{ none is sameas none }} {{ true is sameas 1 }} {{ nums is sameas nums }} {{ [] is sameas [] }}",
        "{{ 'upper' is filter }} {{ 'nope' is filter }} {{ 'odd' is test }} {{ '<' | e is escaped }} {{ '<' is escaped }} {{ m is defined and m }} {{ n is defined and n is not none }} {{ not n is none }} {{ n is number and n > 3 }} {{ range is callable }}",
        "{{ 1 is nope }}", "{{ 'a' is odd }}", "{{ 1 is in 1 }}", "{{ 1 is divisibleby 0 }}", "{% if no %}{{ 1 is nope }}{% endif %}ok", "{{ 1 is odd is even }}",
    ],
    "functions": [
        "{{ range(3) | list }} {{ range(1, 4) | list }} {{ range(4, 0, -2) | list }} {{ range(3) }} {{ range(1, 9, 2) }} {{ range(0) | list }} {{ dict(a=1, b=2) }} {{ dict({'a': 1}, b=2) }} {{ dict([('a', 1)]) }} {{ dict() }}",
        "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }} {% set j = joiner('+') %}{{ j() }}a{{ j() }}b{{ j() }}c",
        "{{ raise_exception('no ' ~ n) }}", "{{ dict(1) }}", "{{ range('a') }}", "{{ range() }}", "{{ strftime_now() }}", "{{ strftime_now(1) }}",
        "{{ strftime_now('%a %A %b %B %c|%C|%d|%D|%e|%F|%g|%G|%h|%H|%I|%j|%k|%l|%m|%M|%p|%P|%r|%R|%S|%T|%u|%U|%V|%w|%W|%x|%X|%y|%Y|%z|%Z|%%|%n|%t|%-d|%-I|%_m|%^a|%-j|%0e') }}",
    ],
    "refusals of Jinja": ["{% nope %}", "{% if yes %}", "{% endif %}", "{% for x in nums %}{% endif %}", "{% else %}", "{# open", "{% raw %} open", "{{ 1", "{% set %}{% endset %}", "{{ a b }}", "{% macro %}{% endmacro %}", "{% do 1 %}", "{{ 1 + }}", "{{ a. }}", "{{ f(a=1, 2) }}", "{{ f(**a, b) }}", "{% call 1 %}{% endcall %}", "{% with a %}{% endwith %}"],
}


def main():
    flat = [(construct, source) for construct, sources in CASES.items() for source in sources]
    asked = json.dumps([{"source": source, "names": NAMES} for _, source in flat])
    given = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "jinja.py")], input=asked, capture_output=True, text=True, check=True
    )
    results = [
        {"construct": construct, "source": source, **({"text": got["text"]} if "text" in got else {"error": got["error"].split(":")[0]})}
        for (construct, source), got in zip(flat, json.loads(given.stdout))
    ]
    table = {"names": NAMES, "cases": results}
    if "--check" not in sys.argv:
        FILE.write_text(json.dumps(table, indent=2) + "\n")
    elif json.loads(FILE.read_text()) != table:
        sys.exit(f"{FILE} differs from what Jinja gives")
    print(f"{len(results)} cases")


main()
