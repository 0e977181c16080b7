"""The template language and the Java values, by tables of template, variables and output."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway import mapping
from infra.local.gateway.java_values import TemplateError, escape_javascript, to_text
from infra.local.gateway.mapping import BodyNotJson
from infra.local.gateway.vtl import MAX_LOOPS, Template


def render(template: str, body: str = "", **extra: Any) -> str:
    parameters = {
        "path": {"id": "42"},
        "querystring": {"limit": "5", "empty": ""},
        "header": mapping.Headers([("x-twilio-signature", "sig="), ("id", "from header")]),
    }
    context = {"requestId": "r-1", "requestTimeEpoch": 1700000000000, "identity": {"sourceIp": "127.0.0.1"}}
    variables = mapping.scope(body, parameters, {**context, **mapping.fresh_overrides()}, {"colour": "blue"})
    return mapping.render(Template(template), {**variables, **extra})


LANGUAGE = [
    ("plain text, 100 $ and #1", "plain text, 100 $ and #1"),
    ("$undefined|$!undefined|${undefined}", "||"),
    ("#set($a = 'x')$a ${a}y $!{a}z", "x xy xz"),
    ('#set($a = "v")#set($b = "<$a>")$b', "<v>"),
    ("#set($b = '<$a>')$b", "<$a>"),
    ('#set($q = "say ""hi""")$q', 'say "hi"'),
    ("#set($s = 'it''s')$s", "it's"),
    ("#if(true)yes#{else}no#end", "yes"),
    ("{#if(true)yes#end}", "{yes}"),
    ("#if(false)a#elseif(1 == 1)b#else c#end", "b"),
    ("#if($none)a#else b#end", " b"),
    ("#if(!$none)negated#end", "negated"),
    ("#if('')empty is true#end", "empty is true"),
    ("#if(0)zero is true#end", "zero is true"),
    ("#if($none && $none.x.y() == 1)a#{else}short#end", "short"),
    ("#if(1 < 2 && 2 < 3 || false)precedence#end", "precedence"),
    ("#if(1 == 1 and not (2 gt 3) or false)words#end", "words"),
    ('#if("5" == 5)text#end', "text"),
    ("#if($none == $nothing)nulls#end", "nulls"),
    ("#if($none == '')equal#{else}differs#end", "differs"),
    ("#set($n = 7 / 2)$n", "3"),
    ("#set($n = -7 / 2)$n", "-3"),
    ("#set($n = -7 % 3)$n", "-1"),
    ("#set($n = 1 / 0)$n|", "|"),
    ("#set($n = 2 + 3 * 4)$n", "14"),
    ("#set($n = 'a' + 1 + true)$n", "a1true"),
    ("#set($n = 1.5 + 1)$n", "2.5"),
    ("#foreach($x in [1, 2, 3])$x#if($foreach.hasNext),#end#end", "1,2,3"),
    ("#foreach($x in ['a', 'b'])$foreach.index$foreach.count$velocityCount$x #end", "011a 122b "),
    ("#foreach($x in [3..1])$x#end", "321"),
    ("#foreach($x in {'a': 1, 'b': 2})$x#end", "12"),
    ("#foreach($x in $none)never#end|", "|"),
    ("#foreach($x in [1..9])#if($x > 3)#break#end$x#end", "123"),
    ("#foreach($x in [1, 2])#foreach($y in [1, 2])$x$y #end#end", "11 12 21 22 "),
    ("#set($x = 'kept')#foreach($x in [1])$x#end$x", "1kept"),
    ("a## comment\nb", "ab"),
    ("a#* block\n comment *#b", "ab"),
    ("#[[ $raw #if ]]#", " $raw #if "),
    ("\\$a \\#if", "$a #if"),
    ("#set($a = 1)\nnext", "next"),
    ("  #if(true)\nline\n#end\nend", "  line\nend"),
    ("#set($m = {'k': {'n': 1}})$m.k.n $m['k']['n'] $m", "1 1 {k={n=1}}"),
    ("#set($m = {})#set($m.x = 1)#set($m['y'] = 2)$m", "{x=1, y=2}"),
    ("#set($l = ['a', true, 1.0])$l $l[0] $l[-1]", "[a, true, 1.0] a 1.0"),
    ("#set($l = [])$l.add('x')$l.size()", "true1"),
    ("$5.00 #123 #fff", "$5.00 #123 #fff"),
]


@pytest.mark.parametrize(("template", "expected"), LANGUAGE)
def test_template_language(template: str, expected: str) -> None:
    assert render(template) == expected


JAVA = [
    ("$s.length()", "abcd", "4"),
    ("$s.length()", "😀", "2"),
    ("$s.substring(1, 2)", "aé", "é"),
    ("$s.substring(2)", "😀x", "x"),
    ("$s.replaceAll('[aeiou]', '*')", "banana", "b*n*n*"),
    ("$s.replaceAll('(a)(n)', '$2$1')", "banana", "bnanaa"),
    ("$s.replace('.', '!')", "a.b", "a!b"),
    ("$s.replaceFirst('a', '')", "banana", "bnana"),
    ('$s.replaceAll("\\\\\'", "\'")', "it\\'s", "it's"),
    ("$s.matches('[0-9]+')", "123", "true"),
    ("$s.matches('[0-9]+')", "123a", "false"),
    ("$s.matches('\\d')", "٣", "false"),
    ("$s.contains('b')", "abc", "true"),
    ("$s.equals('abc')", "abc", "true"),
    ("$s.equals(1)", "1", "false"),
    ("$s.isEmpty() $s.empty", "", "true true"),
    ("$s.split(',')", "a,b,,", "[a, b]"),
    ("$s.split(',').size()", "a,b", "2"),
    ("$s.toUpperCase()$s.toLowerCase()", "aB", "ABab"),
    ("|$s.trim()|", "  x\n", "|x|"),
    ("$s.indexOf('x') $s.lastIndexOf('a')", "banana", "-1 5"),
    ("$s.startsWith('b')$s.endsWith('x')", "banana", "truefalse"),
    ("$s.charAt(1)", "abc", "b"),
    ("#set($I = 0)#set($n = $I.parseInt($s) + 1)$n", "41", "42"),
]


@pytest.mark.parametrize(("template", "value", "expected"), JAVA)
def test_string_method(template: str, value: str, expected: str) -> None:
    assert render(template, s=value) == expected


BODY = json.dumps({"a": 1, "b": [{"c": 5}, {"c": 6}], "n": None, "e": "", "t": True, "f": 0.5, "s": 'q"q'})
INPUT = [
    ("$input.body", BODY),
    ("$input.path('$.a')", "1"),
    ("$input.path('$.b[1].c')", "6"),
    ("$input.path('$.b[-1].c')", "6"),
    ("$input.path('$.b')", '[{"c":5},{"c":6}]'),
    ("$input.path('$').b", '[{"c":5},{"c":6}]'),
    ("$input.path('$.b[0]')", "{c=5}"),
    ("$input.path('$.b[*].c')", "[5,6]"),
    ("$input.path('$..c')", "[5,6]"),
    ("$input.path(\"$['b'][0]['c']\")", "5"),
    ("$input.path('$.b').size()", "2"),
    ("$input.path('$.missing')|$input.path('$.n')", "|"),
    ("#if($input.path('$.missing') == '')gone#end", "gone"),
    ("#if($input.path('$.missing'))there#{else}gone#end", "gone"),
    ("#if(!$input.path('$.n'))null#end", "null"),
    ("#if($input.path('$').missing != '')differs#end", "differs"),
    ("$input.path('$.t') $input.path('$.f')", "true 0.5"),
    ("$input.json('$.b')", '[{"c":5},{"c":6}]'),
    ("$input.json('$.s')", '"q\\"q"'),
    ("$input.json('$.missing')", '""'),
    ("$input.json('$.n')", "null"),
    ("#foreach($k in $input.path('$.b[0]').keySet())$k#end", "c"),
    ("#foreach($e in $input.path('$.b[0]').entrySet())$e.key=$e.getValue()#end", "c=5"),
    ("$input.path('$').containsKey('a') $input.path('$').get('a')", "true 1"),
    ("$input.params('id')", "42"),
    ("$input.params('limit')", "5"),
    ("$input.params('X-Twilio-Signature')|$input.params('x-twilio-signature')", "sig=|sig="),
    ("$input.params('nothing')|", "|"),
    ("$input.params().querystring.limit $input.params().path.get('id')", "5 42"),
    ("#foreach($p in $input.params().keySet())$p #end", "path querystring header "),
    ("#foreach($h in $input.params().header.keySet())$h #end", "X-Twilio-Signature Id "),
    ("#if($input.params('empty') == '')blank#end", "blank"),
    ("$context.requestId $context.requestTimeEpoch $context.identity.sourceIp", "r-1 1700000000000 127.0.0.1"),
    ("$context.identity.cognitoIdentityId|$stageVariables.colour", "|blue"),
]


@pytest.mark.parametrize(("template", "expected"), INPUT)
def test_input_variable(template: str, expected: str) -> None:
    assert render(template, BODY) == expected


UTIL = [
    ('$util.escapeJavaScript("it\'s")', "it\\'s"),
    ("$util.escapeJavaScript('say \"x\"')", 'say \\"x\\"'),
    ("$util.escapeJavaScript('a/b')", "a\\/b"),
    ("$util.escapeJavaScript($none)|", "|"),
    ("$util.urlEncode('a b&c=é*~')", "a+b%26c%3D%C3%A9*%7E"),
    ("$util.urlDecode('a+b%26c%3D%C3%A9')", "a b&c=é"),
    ("$util.base64Encode('héllo')", "aMOpbGxv"),
    ("$util.base64Decode('aMOpbGxv')", "héllo"),
    ("$util.parseJson('{\"a\": [1, 2]}').a[1]", "2"),
    ('$util.parseJson(\'{"a": {"b": 1}}\')', "{a={b=1}}"),
]


@pytest.mark.parametrize(("template", "expected"), UTIL)
def test_util_function(template: str, expected: str) -> None:
    assert render(template) == expected


def test_escape_javascript_of_control_and_foreign_characters() -> None:
    assert escape_javascript("\b\n\t\f\r\x00\x1f\\ñ😀") == "\\b\\n\\t\\f\\r\\u0000\\u001F\\\\\\u00F1\\uD83D\\uDE00"


@given(st.text())
def test_escape_javascript_is_json_once_the_quotes_are_undone(text: str) -> None:
    undone = render('$util.escapeJavaScript($s).replaceAll("\\\\\'", "\'")', s=text)
    assert json.loads(f'"{undone}"') == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_base64_and_url_round_trip(text: str) -> None:
    template = "$util.base64Decode($util.base64Encode($s))|$util.urlDecode($util.urlEncode($s))"
    assert render(template, s=text) == f"{text}|{text}"
    assert render("$util.base64Encode($s)", s=text) == base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1.0"), (0.1, "0.1"), (1e7, "1.0E7"), (1.5e10, "1.5E10"), (1e-5, "1.0E-5"), (123456.75, "123456.75"),
     (float("inf"), "Infinity"), (None, "null"), (True, "true"), ({"a": None}, "{a=null}")],
)  # fmt: skip
def test_text_of_a_java_value(value: Any, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    "template",
    ["#if($x)", "#end", "#else", "#set($x 1)", "#set(x = 1)", "#parse('a')", "#include('a')", "#macro(a)#end", "#stop",
     "#evaluate('x')", "#define($a)#end", "#foreach($x [1])#end", "${x", "$x.f(", "#set($x = 'open)", "#* open",
     "#set($a = 1 +)", "#foreach(x in [1])#end"],
)  # fmt: skip
def test_template_that_is_not_valid_is_refused_on_load(template: str) -> None:
    with pytest.raises(TemplateError):
        Template(template)


@pytest.mark.parametrize(
    "template",
    ["$s.noSuchMethod()", "$s.length(1)", "$s.substring(9)", "$util.unknown(1)", "$input.unknown()", "$list.get(5)",
     "$util.parseJson('{')", "$util.base64Decode('*')", "$s.replaceAll('(', '')", "$s.replaceAll('\\p{L}', '')",
     "#foreach($x in 'text')#end", "#set($s.x = 1)", "$s.replaceAll('a', '\\')"],
)  # fmt: skip
def test_template_that_fails_says_so(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, s="abc", list=[1])


def test_template_over_300_kb_is_refused() -> None:
    with pytest.raises(TemplateError, match="larger"):
        Template("x" * (300 * 1024 + 1))


def test_foreach_stops_after_1000_rounds() -> None:
    assert render("#foreach($x in [1..5000])x#end") == "x" * MAX_LOOPS


def test_error_names_template_and_line() -> None:
    with pytest.raises(TemplateError, match="POST /x request, line 3"):
        Template("a\nb\n#end", "POST /x request")


def test_path_of_a_body_that_is_not_json_is_its_own_error() -> None:
    with pytest.raises(BodyNotJson):
        render("$input.path('$.a')", "not json")


def test_empty_body_is_an_empty_object() -> None:
    assert render("$input.body|$input.json('$')|$input.path('$')") == "{}|{}|{}"


def test_response_override_is_set_by_the_template() -> None:
    context: dict[str, Any] = mapping.fresh_overrides()
    template = "#set($context.responseOverride.status = 404)#set($context.responseOverride.header.X-Why = 'gone')"
    mapping.render(Template(template), mapping.scope("", {}, context, {}))
    assert context["responseOverride"] == {"header": {"X-Why": "gone"}, "status": 404}
