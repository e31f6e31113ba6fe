"""Messages of ODK Validate, which speaks JavaRosa's language."""

RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"Group has no children! Group: \S*?([^/\s]+)\. The XML is invalid",
        "the group « {0} » shows no question. Add a note or a question, or remove the group.",
        "le groupe « {0} » ne montre aucune question. Ajoutez une note ou une question, ou retirez le groupe.",
    ),
    (
        r"Cycle detected in form's relevant and calculation logic!.*?((?:\n/\S+)+)",
        "calculations or conditions need each other's results, somewhere among: {0}. Take one of the references out.",
        "des calculs ou conditions dépendent les uns des autres, parmi : {0}. Retirez l'une des références.",
    ),
    (
        r"cannot handle function '(\S+?)'\. Requires (\d+) arguments but (\d+) provided",
        "{0}() takes {1} argument(s), not {2}.",
        "{0}() prend {1} argument(s), pas {2}.",
    ),
    (
        r"cannot handle function '(\S+?)'",
        "phones do not know the function {0}().",
        "les téléphones ne connaissent pas la fonction {0}().",
    ),
    (
        r"type mismatch\s+(.+?)(?:\n|$)",
        "a value has the wrong type: {0}.",
        "une valeur n'a pas le bon type : {0}.",
    ),
    (
        r"Instance referenced by instance\((\S+?)\)",
        "instance('{0}') names no choice list and no file of this form. Correct the name.",
        "instance('{0}') ne désigne ni liste de choix ni fichier de ce formulaire. Corrigez le nom.",
    ),
    (
        r"<label> node for itemset doesn't exist! \[instance\((.+?)\)",
        "the first choice of the list « {0} » has no label. Fill the label column of the choices sheet.",
        "le premier choix de la liste « {0} » n'a pas de label. Remplissez la colonne label de la feuille choices.",
    ),
    (
        r"Unsupported nodeset expression: .*?\[(.+)\]\]",
        "the filter cannot be read: {0}.",
        "le filtre est illisible : {0}.",
    ),
    (
        r"unsupported construct \[step other than",
        "phones do not support // and axes in paths. Write paths with ${{name}} or ../.",
        "les téléphones ne comprennent pas // ni les axes dans les chemins. Écrivez-les avec ${{nom}} ou ../.",
    ),
    (
        r"Invalid XPath in value set action declaration: '(.+)'\n",
        "the default or calculation cannot be read: {0}.",
        "la valeur par défaut ou le calcul est illisible : {0}.",
    ),
    (
        r"unsupported construct \[(.+?)\]\s*$",
        "phones do not support this in an expression: {0}.",
        "les téléphones ne comprennent pas ceci dans une expression : {0}.",
    ),
    (
        r"[Mm]ismatched brackets or parentheses|Unbalanced brackets",
        "a bracket is opened and not closed, or closed and not opened.",
        "une parenthèse est ouverte et pas fermée, ou fermée et pas ouverte.",
    ),
    (
        r"Couldn't understand the expression starting at this point: (.+?)(?: in expression|\n|$)",
        "the expression cannot be read near: {0}.",
        "l'expression est illisible près de : {0}.",
    ),
    (
        r"Bad node: |Unexpected beginning of path",
        "the expression cannot be read: an operator or a value is missing.",
        "l'expression est illisible : il manque un opérateur ou une valeur.",
    ),
    (
        r"(Question|Group|Repeat) bound to non-existent node: \[(.+?)\]",
        "{1} does not exist in the form.",
        "{1} n'existe pas dans le formulaire.",
    ),
)
