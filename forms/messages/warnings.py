"""What pyxform remarks about a workbook that it compiles."""

RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"The form_id and id_string column headers are both",
        "form_id and id_string are the same. Delete the column id_string.",
        "form_id et id_string sont la même chose. Supprimez la colonne id_string.",
    ),
    (
        r"When looking for a sheet named '(.+?)', the following sheets with similar names were found: (.+?)\.(?: |$)",
        "the sheet {1} is not read: did you mean « {0} »? Rename it, or put _ in front of its name.",
        "la feuille {1} n'est pas lue : vouliez-vous « {0} » ? Renommez-la, ou mettez _ devant son nom.",
    ),
    (
        r"The 'disabled' column header is not part of the current spec",
        "the column disabled is out of use. Write false() into relevant, or delete the row.",
        "la colonne disabled n'est plus en usage. Écrivez false() dans relevant, ou supprimez la ligne.",
    ),
    (
        r"Row without name, text, or label is being skipped",
        "this row has no type, name or label and is left out.",
        "cette ligne n'a ni type, ni name, ni label : elle est ignorée.",
    ),
    (
        r"\] (\w+) is no longer supported on most devices",
        "{0} stays empty on phones newer than Android 10. Remove the row.",
        "{0} reste vide sur les téléphones plus récents qu'Android 10. Retirez la ligne.",
    ),
    (
        r"Repeat has no label: \{'name': '(.*?)'",
        "the repeat « {0} » has no label: the phone asks « add another? » without saying what.",
        "la répétition « {0} » n'a pas de label : le téléphone demande « ajouter ? » sans dire quoi.",
    ),
    (
        r"select one external is only meant for filtered selects",
        "select_one_external without choice_filter is slower than select_one. Use select_one or select_one_from_file.",
        "select_one_external sans choice_filter est plus lent que select_one. Utilisez select_one ou select_one_from_file.",
    ),
    (
        r"On the 'choices' sheet, the '(.*?)' value is invalid\. Column headers must not",
        "the column « {0} » is left out: its name is empty or holds a space. Rename it if a filter needs it.",
        "la colonne « {0} » est ignorée : son nom est vide ou contient une espace. Renommez-la si un filtre s'en sert.",
    ),
    (
        r"This form uses or_other and translations",
        "or_other adds « Specify other. » in English only. Add « other » to the list and a text question after it.",
        "or_other ajoute « Specify other. » en anglais seulement. Ajoutez « autre » à la liste et une question texte ensuite.",
    ),
    (
        r"'name' value '(.+?)' is problematic\. The name is a case-insensitive match",
        "« {0} » differs from another name only in capital letters: programs that read the data mix them up. Rename one.",
        "« {0} » ne diffère d'un autre nom que par des majuscules : des logiciels les confondent. Renommez l'un des deux.",
    ),
    (
        r"Could not export itemsets\.csv",
        "the sheet external_choices is missing, so select_one_external has no choices.",
        "la feuille external_choices manque : select_one_external n'a aucun choix.",
    ),
)
# Rules of the lint say these better.
SAID_BY_RULES = (
    "max-pixels",
    "Choices should have a label",
    "is missing the",
    "do not contain valid machine-readable codes",
)
