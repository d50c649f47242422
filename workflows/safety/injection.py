"""Text that tries to give the model orders: prompt injection, found by its ways of speaking. Pure.

Inputs, documents and search results are data. Prompts say so and set them apart; this finds the ones
that try anyway, so that nothing is spent on them. It is one layer of several: a text that gets past it
still stands between marks in the prompt, and what comes of it is checked like any other text.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

from workflows.safety.spelling import fold, readings

_ORDERS = (
    # Away with what was said before.
    r"(?:ignor\w*|disregard\w*|forget\w*|overrid\w*|overrul\w*|bypass\w*|skip|drop|discard|do not follow|don't follow|stop following|pay no attention to|never mind|set aside|throw out|cancel)\W+(?:\w+\W+){0,5}?"
    r"(?:instructions?|rules?|prompts?|guidelines?|directions?|orders|constraints?|restrictions?|safety|polic(?:y|ies)|filters?|guardrails?|commands?|training|everything (?:above|before|you were told))",
    r"(?:ignore|forget|disregard) (?:all |everything |anything |what )?(?:of )?(?:the )?(?:above|previous|prior|that was said|you were told|came before|before this|you know)",
    r"(?:new|updated|real|actual|true|following|revised) (?:system )?(?:instructions?|orders|directives?)\s*(?::|are|begin|follow)",
    r"(?:instructions?|rules) (?:above|before|so far) (?:are|were|is|was) (?:void|cancel\w*|wrong|a test|obsolete|no longer|superseded|fake)",
    # The prompt itself.
    r"(?:reveal|print|show|repeat|output|display|tell me|give me|leak|dump|recite|write out|what (?:is|are|was|were)|translate|summari[sz]e|quote)\W+(?:\w+\W+){0,4}?(?:system (?:prompt|message|instructions?)|hidden (?:prompt|instructions?)|initial (?:prompt|instructions?)|your (?:instructions|prompt|rules|guidelines)|(?:text|words|everything) above)",
    r"(?:system|developer|assistant|admin(?:istrator)?|root)\s+(?:prompt|override|message|mode|command)\b",
    r"(?:api[ _-]?keys?|secret keys?|environment variables?|passwords?) (?:of|from|in|that|you|for the)",
    # Another role.
    r"(?:you are|you're|you will be|act|behave|respond|pretend (?:to be|that you are|you are|you're)) (?:now |no longer |as if |as |like )?(?:\w+ ){0,4}?(?:dan\b|jailbr\w+|unfiltered|unrestricted|uncensored|evil ai|without (?:any )?(?:rules|limits|restrictions|filters|guidelines)|no (?:rules|limits|restrictions|filters|guidelines)|an ai|a language model|free (?:of|from) (?:all |any |your )?(?:rules|limits|restrictions|filters)|bound by)",
    r"\b(?:jailbreak|jailbroken|dan mode|developer mode|god mode|do anything now|opposite mode|sudo mode|debug mode|no[- ]filter mode|evil mode)\b",
    r"(?:from now on|starting now|henceforth|for the rest of this),? (?:you|your|ignore|answer|respond|only|always|write only|act|speak)\b",
    r"(?:no|without|turn off|disable|remove|switch off|deactivate|lift)\W+(?:\w+\W+){0,3}?(?:safety (?:checks?|filters?|rules|settings?|polic\w+)|content (?:filters?|polic\w+|moderation)|censorship|moderation|guardrails?|restrictions)",
    r"(?:this is|it's|it is) (?:only |just )?(?:a )?(?:test|drill|authori[sz]ed|simulation)\W+(?:\w+\W+){0,6}?(?:rules|safety|filters?|polic\w+|restrictions)",
    r"(?:developers?|openai|google|anthropic|the admin\w*|your (?:creator|maker|owner|boss)s?)\W+(?:\w+\W+){0,4}?(?:allow|permit|authori[sz]e|approve|want you to|order|told you|said you|says you)\w*",
    # Speaking to whoever judges or answers.
    r"(?:instead of|rather than) (?:a |the |writing |telling )?(?:\w+ ){0,3}?(?:story|chapter|lesson|script|plan|outline)\W+(?:\w+\W+){0,4}?(?:write|output|print|say|give|produce|return|explain|tell|list)",
    r"(?:respond|reply|answer|output) (?:only |just |exclusively |always )?(?:with|in) (?:json|html|code|the (?:word|phrase|following|text)|markdown|base64|python|javascript)",
    r"(?:mark|rate|score|approve|judge|grade) (?:this|the following|it|everything|any) (?:\w+ ){0,3}?(?:as )?(?:safe|approved|harmless|appropriate|allowed)",
    r"\"?approved\"?\s*[:=]\s*true",
    r"(?:note|message|instructions?|attention|memo|hint)(?: to| for)?(?: the| any)? (?:ai|a\.i\.|model|llm|assistant|language model|chatbot|gpt|bot|editor model|judge)\b",
    r"(?:dear|hey|attention|attn) (?:ai|model|llm|assistant|language model|chatbot|gpt|bot)\b",
    r"\b(?:end|begin|start|close) of (?:the )?(?:user|system|document|input|prompt|data|wish|story request)\b",
    r"</?\s*(?:system|user|assistant|instructions?|prompt|wish|theme|text|scene|reader|data|document|before|ending|im_start|im_end|inst|sys)\b[^>]*>",
    r"<\|[^|>]{1,40}\|>|\[/?inst\]|<<\s*/?sys\s*>>|^\s*#{2,}\s*(?:system|instructions?|user|assistant)\b|(?:^|\n)\s*(?:system|assistant|developer)\s*:",
    r"<\s*/?\s*(?:script|iframe|img|svg|object|embed|style|link|meta|form|input|body|html|a)\b|javascript:|on(?:error|load|click|mouseover)\s*=|<!--|\{\{|\{%|\$\{",
    # Other languages.
    r"(?:התעלם|התעלמי|תתעלם|תתעלמי|להתעלם|שכח|שכחי|תשכח|תשכחי|בטל|תבטל|עקוף|תעקוף)\W+(?:\w+\W+){0,3}?(?:הוראות|ההוראות|מההוראות|כללים|הכללים|מהכללים|חוקים|החוקים|מהחוקים|ההנחיות|מההנחיות|הנחיות|מכל|מה שנאמר|המגבלות)",
    r"(?:הצג|תציג|הדפס|תדפיס|גלה|תגלה|חשוף|תחשוף|הראה|תראה)\W+(?:\w+\W+){0,3}?(?:ההנחיות|ההוראות|הפרומפט|הוראות המערכת|הודעת המערכת)",
    r"(?:מעכשיו|מעתה) (?:אתה|את|תענה|תתנהג|כתוב|תכתוב)|(?:אתה|את) (?:עכשיו )?(?:בינה מלאכותית|מודל שפה) (?:בלי|ללא)|(?:בלי|ללא) (?:שום )?(?:מגבלות|כללי בטיחות|סינון|צנזורה)",
    r"(?:ignora|ignorez|olvida|oubliez|ignoriere|vergiss|ignorer)\W+(?:\w+\W+){0,3}?(?:instrucciones|instructions|anweisungen|reglas|règles|regeln|anterior\w*|précédent\w*)",
)
_PATTERN = re.compile("|".join(f"(?:{order})" for order in _ORDERS), re.MULTILINE)
_SQUEEZED = re.compile(
    "ignore(?:all|the|your|any)?(?:previous|prior|above|these|safety)?(?:instructions|rules|prompt)|systemprompt|disregardallrules|forgetyourinstructions"
)
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/=])(?:[A-Za-z0-9+/]{16,}={0,2})(?![A-Za-z0-9+/=])")
_HEX = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{2}[\s:]?){12,}(?![0-9a-f])")
_TAGS = re.compile("[\U000e0020-\U000e007e]")  # invisible letters, which a model reads
_BACKWARDS = re.compile(r"snoitcurtsni|tpmorp metsys|selur (?:eht|lla|ruoy)")
_ROT13 = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
_TURNED = re.compile(r"(?:vtaber|qvfertneq|sbetrg)\W+(?:\w+\W+){0,4}?(?:vafgehpgvbaf|ehyrf|cebzcg)")


def find_injection(text: str) -> str | None:
    """The words with which `text` addresses the model, folded; None when it doesn't."""
    for layer in _layers(text):
        if (found := _find(layer)) is not None:
            return found
    return None


def decoded(text: str) -> Iterator[str]:
    """What is hidden in `text`: base64, hexadecimal, escapes, and letters that can't be seen."""
    for match in _ENCODED.finditer(text):
        if (plain := _from_base64(match.group())) is not None:
            yield plain
    for match in _HEX.finditer(text.lower()):
        yield bytes.fromhex(re.sub(r"[\s:]", "", match.group())).decode("utf-8", "ignore")
    if _TAGS.search(text):
        yield "".join(chr(ord(letter) - 0xE0000) for letter in _TAGS.findall(text))
    for plain in (html.unescape(text), unquote(text)):
        if plain != text:
            yield plain


def _layers(text: str) -> Iterator[str]:
    yield text
    yield from decoded(text)


def _find(text: str) -> str | None:
    folded = fold(text)
    for reading in readings(folded):
        if match := _PATTERN.search(reading):
            return match.group().strip()[:80]
    squeezed = re.sub(r"[\W_]+", "", folded)
    for reading in readings(squeezed):
        if match := _SQUEEZED.search(reading):
            return match.group()
    if match := _BACKWARDS.search(folded):
        return match.group()
    if match := _TURNED.search(folded):
        return match.group().translate(_ROT13)
    return None


def _from_base64(text: str) -> str | None:
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return plain if plain.isprintable() or "\n" in plain else None
