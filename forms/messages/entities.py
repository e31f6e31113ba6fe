"""Messages about the entities sheet and the save_to column."""

RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"To save entity properties using the save_to column, add an entities sheet",
        "save_to needs an entities sheet that declares the entity list. Add it or empty save_to.",
        "save_to a besoin d'une feuille entities qui déclare la liste d'entités. Ajoutez-la ou videz save_to.",
    ),
    (
        r"The save_to property '(.+?)' is already assigned by row '(.+?)'",
        "the property « {0} » is already saved by row {1}. Change one of them.",
        "la propriété « {0} » est déjà remplie par la ligne {1}. Changez l'une des deux.",
    ),
    (
        r"Groups and repeats can't be saved as entity properties",
        "a group or repeat cannot be saved in an entity. Empty save_to in this row.",
        "un groupe ou une répétition ne s'enregistre pas dans une entité. Videz save_to à cette ligne.",
    ),
    (
        r"The entity list name '(.+?)' was not found on the entities sheet",
        "the entity list « {0} » is not declared on the entities sheet. Correct the name or declare it.",
        "la liste d'entités « {0} » n'est pas déclarée dans la feuille entities. Corrigez le nom ou déclarez-la.",
    ),
    (
        r"entity list name '(.+?)' does not have a label",
        "entities of « {0} » need a label. Fill the label column of the entities sheet.",
        "les entités de « {0} » ont besoin d'un label. Remplissez la colonne label de la feuille entities.",
    ),
    (
        r"entity list name '(.+?)' does not have an 'update_if'",
        "with create_if and entity_id, « {0} » needs update_if too. Fill it or remove entity_id.",
        "avec create_if et entity_id, « {0} » a aussi besoin de update_if. Remplissez-le ou retirez entity_id.",
    ),
    (
        r"entity list name '(.+?)' does not have an 'entity_id'",
        "to update entities of « {0} », entity_id must be filled. Fill it, or use create_if.",
        "pour modifier des entités de « {0} », remplissez entity_id, ou utilisez create_if.",
    ),
    (
        r"'save_to' names must be prefixed with the entity 'list_name'",
        "with several entity lists, save_to names its list: list_name#property.",
        "avec plusieurs listes d'entités, save_to nomme sa liste : list_name#propriété.",
    ),
    (
        r"Each container \(survey, group, repeat\) may have only one entity declaration.*'(\d+|unknown)'",
        "a group or repeat can save only one entity, and row {0} already does here. Check save_to and the label of both.",
        "un groupe ou une répétition n'enregistre qu'une entité, et la ligne {0} le fait déjà ici. Vérifiez save_to et le label des deux.",
    ),
    (
        r"entity list name '(.+?)' has a reference in container scope .*variable reference to '(.+?)'",
        "the entity of « {0} » and ${{{1}}} are in different repeats. Copy the value into the same repeat with a calculate.",
        "l'entité de « {0} » et ${{{1}}} sont dans des répétitions différentes. Copiez la valeur dans la même avec un calculate.",
    ),
    (
        r"entity list name '(.+?)' has a reference in container scope",
        "the entity of « {0} » is saved in another repeat than this question. Copy the value there with a calculate.",
        "l'entité de « {0} » s'enregistre dans une autre répétition que cette question. Copiez-y la valeur avec un calculate.",
    ),
    (
        r"'save_to' value must have at most one '#'",
        "save_to holds at most one #: list_name#property.",
        "save_to contient au plus un # : list_name#propriété.",
    ),
    (
        r"Names used here must not begin with two underscores",
        "names of entity lists and properties must not begin with __.",
        "les noms de listes d'entités et de propriétés ne commencent pas par __.",
    ),
    (
        r"Names used here must not contain a period",
        "names of entity lists and properties hold no full stop.",
        "les noms de listes d'entités et de propriétés ne contiennent pas de point.",
    ),
    (
        r"Names used here must not be 'name' or 'label'",
        "an entity property cannot be called name or label. Choose another name.",
        "une propriété d'entité ne peut pas s'appeler name ou label. Choisissez un autre nom.",
    ),
    (
        r"The 'list_name' column must not have any duplicate names",
        "this entity list is declared twice. Remove one of the rows.",
        "cette liste d'entités est déclarée deux fois. Retirez l'une des lignes.",
    ),
    (
        r"Entity lists must have a name",
        "this entity declaration has no list_name. Fill it.",
        "cette déclaration d'entité n'a pas de list_name. Remplissez-le.",
    ),
    (
        r"column\(s\) are not supported by this version of pyxform: (.+?)\. ",
        "the entities sheet has columns that mean nothing there: {0}. Correct or remove them.",
        "la feuille entities a des colonnes qui n'y ont pas de sens : {0}. Corrigez-les ou retirez-les.",
    ),
)
