"""Messages about choice lists."""

RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"List name not in (?:external )?choices sheet: (.+)",
        "the choice list « {0} » does not exist. Add it to the choices sheet or correct its name.",
        "la liste de choix « {0} » n'existe pas. Ajoutez-la à la feuille choices ou corrigez son nom.",
    ),
    (
        r"List name not in columns sheet: (.+)",
        "the list « {0} » of this loop does not exist. Add it to the choices sheet or correct its name.",
        "la liste « {0} » de cette boucle n'existe pas. Ajoutez-la à la feuille choices ou corrigez son nom.",
    ),
    (
        r"There should be an external_choices sheet in this xlsform\..*similar names were found: ([^.]+)",
        "select_one_external needs a sheet named external_choices with the columns list_name and name ; « {0} » is there: rename it.",
        "select_one_external a besoin d'une feuille external_choices avec les colonnes list_name et name ; il y a « {0} » : renommez-la.",
    ),
    (
        r"There should be a choices sheet in this xlsform\..*similar names were found: ([^.]+)",
        "a question asks for choices but there is no sheet named choices with list_name, name and label ; « {0} » is there: rename it.",
        "une question demande des choix, mais il n'y a pas de feuille choices avec list_name, name et label ; il y a « {0} » : renommez-la.",
    ),
    (
        r"There should be an external_choices sheet in this xlsform",
        "select_one_external needs a sheet named external_choices with the columns list_name and name. Add it.",
        "select_one_external a besoin d'une feuille external_choices avec les colonnes list_name et name. Ajoutez-la.",
    ),
    (
        r"There should be a choices sheet in this xlsform",
        "a question asks for choices but there is no choices sheet. Add it: list_name, name, label.",
        "une question demande des choix, mais la feuille choices manque. Ajoutez-la : list_name, name, label.",
    ),
    (
        r"There should be choices for this question",
        "a question asks for choices and its list is empty. Fill the list in the choices sheet.",
        "une question demande des choix et sa liste est vide. Remplissez-la dans la feuille choices.",
    ),
    (
        r"Arguments 'itemset' and 'list_name' must not both be None",
        "a select question names no list. Write the list after the type: select_one list_name.",
        "une question à choix ne nomme pas de liste. Écrivez-la après le type : select_one nom_de_liste.",
    ),
    (
        r"Choice names must be unique",
        "this choice name appears twice in its list. Change one of them.",
        "ce nom de choix figure deux fois dans sa liste. Changez-en un.",
    ),
    (
        r"Choices must have a name",
        "this choice has no name. Fill the name column.",
        "ce choix n'a pas de nom. Remplissez la colonne name.",
    ),
    (
        r"Choice names with spaces .*?See \[(.+?)\] in \[(.+?)\]",
        "the choice name « {0} » of the list « {1} » holds a space. Replace it by _.",
        "le nom de choix « {0} » de la liste « {1} » contient une espace. Remplacez-la par _.",
    ),
    (
        r"Column headers must not be empty and must not contain spaces",
        "a column of the choices sheet has an empty name or a space in it. Rename it.",
        "une colonne de la feuille choices a un nom vide ou avec une espace. Renommez-la.",
    ),
)
