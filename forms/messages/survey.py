"""Messages about rows of the survey sheet."""

RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"Unknown question type '(.+?)'",
        "the question type « {0} » does not exist. Correct the type column.",
        "le type de question « {0} » n'existe pas. Corrigez la colonne type.",
    ),
    (
        r"Question with no type",
        "this row has no type. Fill the type column or empty the row.",
        "cette ligne n'a pas de type. Remplissez la colonne type ou videz la ligne.",
    ),
    (
        r"Question or group with no name",
        "this row has no name. Fill the name column.",
        "cette ligne n'a pas de nom. Remplissez la colonne name.",
    ),
    (
        r"Names must begin with a letter",
        "a name begins with a letter or _ and holds only letters, digits, _ - and . (no spaces).",
        "un nom commence par une lettre ou _ et ne contient que lettres, chiffres, _ - et . (pas d'espace).",
    ),
    (
        r"(?:Could not find the name|no survey element named) '(.+?)'",
        "${{{0}}} refers to a question that does not exist. Check the spelling.",
        "${{{0}}} désigne une question qui n'existe pas. Vérifiez l'orthographe.",
    ),
    (
        r"(?:The name|multiple survey elements named) '(.+?)'(?: appears more than once|\.$)",
        "${{{0}}} is ambiguous: several questions have this name. Rename one of them.",
        "${{{0}}} est ambigu : plusieurs questions portent ce nom. Renommez-en une.",
    ),
    (
        r"parsing limit reached|must have a comma between each variable",
        "references in a list are separated by commas: ${{a}}, ${{b}}.",
        "dans une liste, les références sont séparées par des virgules : ${{a}}, ${{b}}.",
    ),
    (
        r"Reference variables? ",
        "a reference is written ${{name}}, with both braces.",
        "une référence s'écrit ${{nom}}, avec les deux accolades.",
    ),
    (
        r"PyXForm reference - parsing failed",
        "a reference is written ${{name}}, with both braces.",
        "une référence s'écrit ${{nom}}, avec les deux accolades.",
    ),
    (
        r"The name 'meta' is reserved",
        "the name « meta » is reserved. Choose another one.",
        "le nom « meta » est réservé. Choisissez-en un autre.",
    ),
    (
        r"'name' value '(.+?)' is invalid\. Repeat names must not be the same as the survey root",
        "a repeat cannot be named « {0} », like the form itself. Choose another name.",
        "une répétition ne peut pas s'appeler « {0} », comme le formulaire. Choisissez un autre nom.",
    ),
    (
        r"'name' value '(.+?)' is invalid\. Repeat names must unique",
        "another repeat is already named « {0} ». Choose another name.",
        "une autre répétition s'appelle déjà « {0} ». Choisissez un autre nom.",
    ),
    (
        r"'name' value '(.+?)' is invalid",
        "the name « {0} » is already used at this place or by the form itself. Choose another one.",
        "le nom « {0} » est déjà pris à cet endroit ou par le formulaire. Choisissez-en un autre.",
    ),
    (
        r"The '(.+?)' value is invalid\. Names",
        "« {0} » in the settings sheet must be a name: letters, digits, _ - and ., beginning with a letter.",
        "« {0} » dans la feuille settings doit être un nom : lettres, chiffres, _ - et ., en commençant par une lettre.",
    ),
    (
        r"Survey cannot have an empty id_string",
        "form_id is empty. Fill it in the settings sheet.",
        "form_id est vide. Remplissez-le dans la feuille settings.",
    ),
    (
        r"Unmatched 'end_(\w+)'",
        "end_{0} without its begin_{0}. Remove it or add the beginning.",
        "end_{0} sans son begin_{0}. Retirez-le ou ajoutez le début.",
    ),
    (
        r"Unmatched 'begin_(\w+)'.*'(.*?)'",
        "begin_{0} « {1} » is never closed. Add end_{0} where it ends.",
        "begin_{0} « {1} » n'est jamais fermé. Ajoutez end_{0} là où il finit.",
    ),
    (
        r"Repeat loop without list name",
        "begin loop needs a list: begin loop over list_name.",
        "begin loop a besoin d'une liste : begin loop over nom_de_liste.",
    ),
    (
        r"Missing calculation",
        "a calculate row needs a calculation. Fill the calculation column.",
        "une ligne calculate a besoin d'un calcul. Remplissez la colonne calculation.",
    ),
    (
        r"named '(.+?)' has no label or hint",
        "« {0} » has neither label nor hint. Fill the label column.",
        "« {0} » n'a ni label ni hint. Remplissez la colonne label.",
    ),
    (
        r"use big-image, you must also specify an image for the survey element named (\S+?)\.?$",
        "« {0} » has a big-image but no image. Fill the image column.",
        "« {0} » a une big-image mais pas d'image. Remplissez la colonne image.",
    ),
    (
        r"question \$\{(.+?)\} is not user-visible so it can't be used as a calculation trigger",
        "« {0} » is not shown to anyone, so it cannot be a trigger. Choose a visible question.",
        "« {0} » n'est montrée à personne et ne peut donc rien déclencher. Choisissez une question visible.",
    ),
    (
        r"Audits must always be named 'audit",
        "an audit row has no name of its own. Empty its name column.",
        "une ligne audit n'a pas de nom à elle. Videz sa colonne name.",
    ),
    (
        r"For 'background-geopoint' questions, the 'calculation' column must be empty",
        "a background-geopoint has no calculation. Empty that cell.",
        "un background-geopoint n'a pas de calcul. Videz cette cellule.",
    ),
    (
        r"For 'background-geopoint' questions, the 'trigger' column must not be empty",
        "a background-geopoint needs a trigger: the question that starts it.",
        "un background-geopoint a besoin d'un trigger : la question qui le lance.",
    ),
    (
        r"Choice filter not supported with or_other",
        "or_other and choice_filter do not go together. Add « other » to the list and a text question after it.",
        "or_other et choice_filter ne vont pas ensemble. Ajoutez « autre » à la liste et une question texte ensuite.",
    ),
    (
        r"Please specify choices for this 'or other' question",
        "a question with or_other needs a list in the choices sheet.",
        "une question avec or_other a besoin d'une liste dans la feuille choices.",
    ),
    (
        r"Choice filter not supported for table-list",
        "table-list and choice_filter do not go together. Remove one of them.",
        "table-list et choice_filter ne vont pas ensemble. Retirez l'un des deux.",
    ),
    (
        r"Badly formatted table list, list names don't match: (\S+) vs\. (\S+)",
        "in a table-list group every question uses one list, here « {0} » and « {1} ».",
        "dans un groupe table-list toutes les questions ont la même liste, ici « {0} » et « {1} ».",
    ),
    (
        r"Question '(.+?)' is a select from file type, using 'search\(\)'",
        "« {0} » takes its choices from a file and has search() as well. Remove one of the two.",
        "« {0} » prend ses choix dans un fichier et a aussi search(). Retirez l'un des deux.",
    ),
    (
        r"Question '(.+?)' uses 'search\(\)', and its select type references the choice list name '(.+?)'",
        "« {0} » uses search() with the list « {1} », which other questions use without it. Give it a list of its own.",
        "« {0} » utilise search() avec la liste « {1} », que d'autres questions utilisent sans. Donnez-lui sa propre liste.",
    ),
    (
        r"same instance id will be generated .*Instance name: '(.+?)'.*Existing URI: '(.*?)'.*Duplicate URI: '(.*?)'",
        "two files or lists are both called « {0} » ({1} and {2}). Rename one.",
        "deux fichiers ou listes s'appellent « {0} » ({1} et {2}). Renommez-en un.",
    ),
    (
        r"Instance names must be unique within a form\. The name '(.+?)'",
        "two lists or files are called « {0} ». Rename one.",
        "deux listes ou fichiers s'appellent « {0} ». Renommez-en un.",
    ),
    (
        r"This section has not been included|Found a cascading_select",
        "include and cascading_select rows are no longer supported. Use choice_filter, and copy the rows into this workbook.",
        "les lignes include et cascading_select ne sont plus acceptées. Utilisez choice_filter et copiez les lignes dans ce classeur.",
    ),
    (
        r"Media type: (\S+) not supported",
        "« {0} » is not a medium a phone can show: image, big-image, audio or video.",
        "« {0} » n'est pas un média que le téléphone montre : image, big-image, audio ou video.",
    ),
    (
        r"Cannot omit instanceID, it is required for encryption",
        "omit_instanceID and public_key do not go together in the settings sheet. Remove omit_instanceID.",
        "omit_instanceID et public_key ne vont pas ensemble dans la feuille settings. Retirez omit_instanceID.",
    ),
    (
        r"File name for '(.+?)' should end with one of the supported file extensions: (.+)",
        "the file of « {0} » must end with one of: {1}.",
        "le fichier de « {0} » doit finir par l'un de : {1}.",
    ),
)
