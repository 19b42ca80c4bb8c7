"""Words that hints look up: countries, mail hosts, answers that say nothing."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Two-letter codes of ISO 3166-1 with short names, as in the time zone database (public domain).
_COUNTRIES: Final = """
AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua & Barbuda; AI Anguilla; AL
Albania; AM Armenia; AO Angola; AQ Antarctica; AR Argentina; AS Samoa (American); AT Austria; AU
Australia; AW Aruba; AX Åland Islands; AZ Azerbaijan; BA Bosnia & Herzegovina; BB Barbados; BD
Bangladesh; BE Belgium; BF Burkina Faso; BG Bulgaria; BH Bahrain; BI Burundi; BJ Benin; BL St
Barthelemy; BM Bermuda; BN Brunei; BO Bolivia; BQ Caribbean NL; BR Brazil; BS Bahamas; BT
Bhutan; BV Bouvet Island; BW Botswana; BY Belarus; BZ Belize; CA Canada; CC Cocos (Keeling)
Islands; CD Congo (Dem. Rep.); CF Central African Rep.; CG Congo (Rep.); CH Switzerland; CI Côte
d'Ivoire; CK Cook Islands; CL Chile; CM Cameroon; CN China; CO Colombia; CR Costa Rica; CU Cuba;
CV Cape Verde; CW Curaçao; CX Christmas Island; CY Cyprus; CZ Czech Republic; DE Germany; DJ
Djibouti; DK Denmark; DM Dominica; DO Dominican Republic; DZ Algeria; EC Ecuador; EE Estonia; EG
Egypt; EH Western Sahara; ER Eritrea; ES Spain; ET Ethiopia; FI Finland; FJ Fiji; FK Falkland
Islands; FM Micronesia; FO Faroe Islands; FR France; GA Gabon; GB Britain (UK); GD Grenada; GE
Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM Gambia; GN
Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GS South Georgia & the South Sandwich
Islands; GT Guatemala; GU Guam; GW Guinea-Bissau; GY Guyana; HK Hong Kong; HM Heard Island &
McDonald Islands; HN Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia; IE Ireland; IL
Israel; IM Isle of Man; IN India; IO British Indian Ocean Territory; IQ Iraq; IR Iran; IS
Iceland; IT Italy; JE Jersey; JM Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH
Cambodia; KI Kiribati; KM Comoros; KN St Kitts & Nevis; KP Korea (North); KR Korea (South); KW
Kuwait; KY Cayman Islands; KZ Kazakhstan; LA Laos; LB Lebanon; LC St Lucia; LI Liechtenstein; LK
Sri Lanka; LR Liberia; LS Lesotho; LT Lithuania; LU Luxembourg; LV Latvia; LY Libya; MA Morocco;
MC Monaco; MD Moldova; ME Montenegro; MF St Martin (French); MG Madagascar; MH Marshall Islands;
MK North Macedonia; ML Mali; MM Myanmar (Burma); MN Mongolia; MO Macau; MP Northern Mariana
Islands; MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; MU Mauritius; MV Maldives; MW
Malawi; MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NF
Norfolk Island; NG Nigeria; NI Nicaragua; NL Netherlands; NO Norway; NP Nepal; NR Nauru; NU
Niue; NZ New Zealand; OM Oman; PA Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH
Philippines; PK Pakistan; PL Poland; PM St Pierre & Miquelon; PN Pitcairn; PR Puerto Rico; PS
Palestine; PT Portugal; PW Palau; PY Paraguay; QA Qatar; RE Réunion; RO Romania; RS Serbia; RU
Russia; RW Rwanda; SA Saudi Arabia; SB Solomon Islands; SC Seychelles; SD Sudan; SE Sweden; SG
Singapore; SH St Helena; SI Slovenia; SJ Svalbard & Jan Mayen; SK Slovakia; SL Sierra Leone; SM
San Marino; SN Senegal; SO Somalia; SR Suriname; SS South Sudan; ST Sao Tome & Principe; SV El
Salvador; SX St Maarten (Dutch); SY Syria; SZ Eswatini (Swaziland); TC Turks & Caicos Is; TD
Chad; TF French S. Terr.; TG Togo; TH Thailand; TJ Tajikistan; TK Tokelau; TL East Timor; TM
Turkmenistan; TN Tunisia; TO Tonga; TR Turkey; TT Trinidad & Tobago; TV Tuvalu; TW Taiwan; TZ
Tanzania; UA Ukraine; UG Uganda; UM US minor outlying islands; US United States; UY Uruguay; UZ
Uzbekistan; VA Vatican City; VC St Vincent; VE Venezuela; VG Virgin Islands (UK); VI Virgin
Islands (US); VN Vietnam; VU Vanuatu; WF Wallis & Futuna; WS Samoa (western); YE Yemen; YT
Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""

_ALSO: Final = """
usa; us of america; united states of america; uk; great britain; england; scotland; wales;
northern ireland; korea; south korea; republic of korea; north korea; russian federation; czech
republic; viet nam; turkiye; holland; the netherlands; uae; pr china; peoples republic of china;
mainland china; hong kong sar; macao; republic of ireland; iran islamic republic of; syrian arab
republic; brasil; espana; deutschland; italia; cote divoire; ivory coast; cape verde; swaziland;
burma; macedonia; bosnia and herzegovina; tanzania united republic of; bolivia plurinational
state of; venezuela bolivarian republic of; moldova republic of; lao pdr; brunei darussalam;
palestinian territories; democratic republic of the congo; dr congo; republic of the congo; drc;
timor leste; kosovo;
taiwan province of china; czechia; u s a; u s; u k; korea republic of;
south georgia and the south sandwich islands
"""

FREE_MAIL: Final = _words("""
126 163 aol daum fastmail foxmail free gmail gmx googlemail hanmail hey hotmail icloud laposte
libero live mac mail me msn naver orange outlook pm posteo proton protonmail qq rambler
rediffmail sina sohu t-online tutanota tuta web wp yahoo yandex ymail zoho
""")
"""First part of the domain of hosts that give an address to anybody."""

THROW_AWAY_MAIL: Final = _words("""
10minutemail dispostable fakeinbox getnada guerrillamail mailcatch maildrop mailinator mailnesia
moakt sharklasers temp-mail tempmail tempmailo throwawaymail trashmail yopmail
""")

NO_ANSWER: Final = _words("""
a aa aaa abc abcd admin as asd asdf asdfgh blah dfg dummy example fgh foo bar hello hi idk lorem
ipsum me my myself n na name nil no none not nothing null ok private qwe qwer qwerty qwertyuiop
random sdf self student test test1 test123 testing todo unknown user x xx xxx xyz y yes z zz zzz
zxc zxcv
""") | {"not applicable", "n a", "no affiliation", "foo bar", "test test", "lorem ipsum"}


def folded(text: str) -> str:
    """A text for comparing: no accents, no case, words of letters and digits.

    >>> folded("  Trần-Văn, Jr. ")
    'tran van jr'
    """
    marks = unicodedata.normalize("NFKD", text.casefold()).replace("đ", "d").replace("ß", "ss")
    bare = "".join(c for c in marks if not unicodedata.combining(c) and c not in "'’")
    return " ".join(re.findall(r"[^\W_]+", bare))


def is_country(text: str) -> bool:
    """Whether a text is a country's name in English, or its code.

    >>> is_country("Viet Nam"), is_country("vn"), is_country("Atlantis")
    (True, True, False)
    """
    return _short(text) in _known()


def _short(name: str) -> str:
    return re.sub(r"^the |\band ", "", folded(name)).replace("saint ", "st ")


@cache
def _known() -> frozenset[str]:
    names = set(_ALSO.replace("\n", " ").split(";"))
    for line in _COUNTRIES.replace("\n", " ").split("; "):
        code, _, name = line.strip().partition(" ")
        # "Korea (South)", "Britain (UK)": with the part in parentheses and without.
        names |= {code, name, re.sub(r"\(.*\)", "", name)}
    return frozenset(_short(name) for name in names) - {""}
