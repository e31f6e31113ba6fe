"""Messages about sheets, headers and the file itself."""

RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"One or more required column headers were not found: (.+?)\. ",
        "required columns are missing: {0}. Add them in the first row.",
        "des colonnes obligatoires manquent : {0}. Ajoutez-les à la première ligne.",
    ),
    (
        r"must have a sheet named '(\w+)'\. When looking.*similar names were found: (.+?)\.$",
        "there is no sheet named « {0} », only {1}. Rename it.",
        "il n'y a pas de feuille nommée « {0} », seulement {1}. Renommez-la.",
    ),
    (
        r"must have a sheet named '(\w+)'",
        "there is no sheet named « {0} ». Rename or add it.",
        "il n'y a pas de feuille nommée « {0} ». Renommez-la ou ajoutez-la.",
    ),
    (
        r"Headers that are different names for the same column were found: '(.+?)', '(.+?)'",
        "the columns « {0} » and « {1} » mean the same. Keep one.",
        "les colonnes « {0} » et « {1} » désignent la même chose. Gardez-en une.",
    ),
    (
        r"Duplicate column header: (.+)",
        "the column « {0} » appears twice. Rename or delete one.",
        "la colonne « {0} » figure deux fois. Renommez-en ou supprimez-en une.",
    ),
    (
        r"missing header row",
        "the first row must hold the column names, without gaps.",
        "la première ligne doit contenir les noms de colonnes, sans trous.",
    ),
    (
        r"invalid date on the (.+?) sheet, under the (.+?) column on row number (\d+)",
        "sheet {0}, column {1}: a date that Excel cannot read. Type it as text.",
        "feuille {0}, colonne {1} : une date qu'Excel ne sait pas lire. Saisissez-la comme texte.",
    ),
    (
        r"[Ee]ncrypted|password",
        "the workbook is protected by a password. Remove the password and send it again.",
        "le classeur est protégé par un mot de passe. Retirez-le et renvoyez le classeur.",
    ),
    (
        r"^Error reading \.xlsx? file|Unable to read workbook|^(?:EOFError|LookupError|struct\.error|zlib\.error|error): ",
        "the workbook is damaged. Open it in Excel or LibreOffice, save it as .xlsx and send it again.",
        "le classeur est abîmé. Ouvrez-le dans Excel ou LibreOffice, enregistrez-le en .xlsx et renvoyez-le.",
    ),
    (
        r"does not appear to be a valid XLSForm",
        "no survey was found in this file. Save it as .xlsx with the sheets survey and choices.",
        "aucune feuille survey dans ce fichier. Enregistrez-le en .xlsx avec les feuilles survey et choices.",
    ),
    (
        r"^AttributeError: '(?:int|float|datetime\.\w+|bool)' object has no attribute 'strip'",
        "a cell of the first row holds a number or a date. Write column names there, as text.",
        "une cellule de la première ligne contient un nombre ou une date. Écrivez-y des noms de colonnes, en texte.",
    ),
)
