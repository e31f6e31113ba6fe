"""Messages about the parameters column."""

RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"Parameters must be in the form",
        "parameters are written key=value key=value.",
        "les paramètres s'écrivent clé=valeur clé=valeur.",
    ),
    (
        r"accepted parameter keys for this question type are '(.+?)'.*: '(.+?)'",
        "the parameter « {1} » is not accepted here; these are: {0}.",
        "le paramètre « {1} » n'est pas accepté ici ; ceux-ci le sont : {0}.",
    ),
    (
        r"'range' question type, the parameter '(.+?)' must be a number",
        "« {0} » of a range must be a number.",
        "« {0} » d'une range doit être un nombre.",
    ),
    (
        r"'range' question type, the parameter '(.+?)' must not be '0'",
        "« {0} » of a range must not be 0.",
        "« {0} » d'une range ne peut pas être 0.",
    ),
    (
        r"'range' question type, the parameter '(.+?)' must not be larger than",
        "« {0} » of a range is larger than the distance from start to end.",
        "« {0} » d'une range dépasse l'écart entre start et end.",
    ),
    (
        r"'range' question type, the parameter '(.+?)' must be a multiple of 'step'",
        "« {0} » of a range must be a multiple of step.",
        "« {0} » d'une range doit être un multiple de step.",
    ),
    (
        r"'range' question type, the parameter '(.+?)' must be between",
        "« {0} » of a range must lie between start and end.",
        "« {0} » d'une range doit être entre start et end.",
    ),
    (
        r"'tick_labelset' must be a choice list name",
        "tick_labelset must name a list of the choices sheet.",
        "tick_labelset doit nommer une liste de la feuille choices.",
    ),
    (
        r"'tick_labelset' choice list must have only 2 items",
        "with no-ticks, the tick_labelset list has exactly two choices.",
        "avec no-ticks, la liste tick_labelset a exactement deux choix.",
    ),
    (
        r"parameters 'tick_interval', 'placeholder', and 'tick_labelset' are only supported for the appearances",
        "tick_interval, placeholder and tick_labelset work only with the appearances vertical and no-ticks, or none.",
        "tick_interval, placeholder et tick_labelset ne vont qu'avec les apparences vertical et no-ticks, ou aucune.",
    ),
    (
        r"choice values must all be numbers",
        "the names of the tick_labelset choices must all be numbers.",
        "les noms des choix de tick_labelset doivent tous être des nombres.",
    ),
    (
        r"'tick_labelset' choices must be between",
        "the tick_labelset choices must lie between start and end.",
        "les choix de tick_labelset doivent être entre start et end.",
    ),
    (
        r"'tick_labelset' choices' values must be equal to the start of the range plus a multiple of '(.+?)'",
        "each tick_labelset choice must be start plus a multiple of {0}.",
        "chaque choix de tick_labelset doit être start plus un multiple de {0}.",
    ),
    (
        r"'tick_labelset' choice list values may only ?match the range 'start' and 'end'",
        "with no-ticks, the tick_labelset choices are start and end.",
        "avec no-ticks, les choix de tick_labelset sont start et end.",
    ),
    (
        r"'incremental' parameter may either be 'true'|parameter 'incremental'",
        "incremental is written incremental=true, or left out.",
        "incremental s'écrit incremental=true, ou se retire.",
    ),
    (
        r"'reference-geometry' parameter must",
        "reference-geometry names a choice list, a file without its ending, or a repeat as ${{name}}.",
        "reference-geometry nomme une liste de choix, un fichier sans son extension, ou une répétition ${{nom}}.",
    ),
    (
        r"'(capture-accuracy|warning-accuracy)' parameter must have a numeric value",
        "{0} must be a number of metres.",
        "{0} doit être un nombre de mètres.",
    ),
    (
        r"'allow-mock-accuracy' parameter must be",
        "allow-mock-accuracy is true or false.",
        "allow-mock-accuracy est true ou false.",
    ),
    (
        r"(track-changes|identify-user|randomize) must be set to true or false",
        "{0} is true or false.",
        "{0} est true ou false.",
    ),
    (
        r"track-changes-reasons must be set to on-form-edit",
        "track-changes-reasons is on-form-edit, or left out.",
        "track-changes-reasons est on-form-edit, ou se retire.",
    ),
    (
        r"Parameter location-priority must be set to",
        "location-priority is no-power, low-power, balanced or high-accuracy.",
        "location-priority est no-power, low-power, balanced ou high-accuracy.",
    ),
    (
        r"To include location information in the audit",
        "an audit with location needs all three: location-priority, location-min-interval, location-max-age.",
        "un audit avec position demande les trois : location-priority, location-min-interval, location-max-age.",
    ),
    (
        r"Parameter location-max-age must be greater than or equal to location-min-interval",
        "location-max-age must be at least location-min-interval.",
        "location-max-age doit valoir au moins location-min-interval.",
    ),
    (
        r"Parameter (location-min-interval|location-max-age|rows|max-pixels) must (?:have an integer value|be greater)",
        "{0} must be a whole number, 0 or more.",
        "{0} doit être un nombre entier, 0 ou plus.",
    ),
    (
        r"seed value must be a number or a reference",
        "seed is a number or a question, ${{name}}.",
        "seed est un nombre ou une question, ${{nom}}.",
    ),
    (
        r"Parameters must include randomize=true to use a seed",
        "seed works only with randomize=true.",
        "seed ne va qu'avec randomize=true.",
    ),
    (
        r"Invalid value for quality",
        "quality is voice-only, low, normal or external (background-audio: not external).",
        "quality est voice-only, low, normal ou external (background-audio : pas external).",
    ),
    (
        r"invalid Android package name",
        "app must name an Android program, such as org.example.program.",
        "app doit nommer un programme Android, par exemple org.exemple.programme.",
    ),
)
