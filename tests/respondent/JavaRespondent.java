import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.CoreModelModule;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.ValidateOutcome;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.MultipleItemsData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.core.reference.PrefixedRootFactory;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.services.IPropertyManager;
import org.javarosa.core.services.PropertyManager;
import org.javarosa.core.services.PrototypeManager;
import org.javarosa.core.services.properties.IPropertyRules;
import org.javarosa.core.services.locale.TableLocaleSource;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.model.xform.XFormSerializingVisitor;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.util.XFormAnswerDataParser;
import org.javarosa.xform.util.XFormUtils;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * JavaRosa, the engine inside Collect, as a program that speaks lines; see java.py for the other side.
 *
 *   form XFORM-FILE MEDIA-FOLDER DEVICEID USERNAME   ->  ready | broken REASON
 *   fill BASE64-OF-PROPOSED-INSTANCE-XML             ->  filled BASE64-OF-XML | rejected PATH REASON
 *
 * A fill steps through the form as Collect does: every relevant question is answered, with its constraint, its
 * required condition and the choices it offers at that moment, from what the proposed instance holds at that path.
 * Relevance, calculations, preloads, repeat counts and the XML are JavaRosa's own.
 */
public class JavaRespondent {
    private static byte[] form;

    /** A refusal: where the form stopped, and why. */
    private static final class Refused extends Exception {
        final String path;

        Refused(String path, String reason) {
            super(reason);
            this.path = path;
        }
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        PrototypeManager.registerPrototypes(CoreModelModule.classNames);
        PrototypeManager.registerPrototypes(new String[] {TableLocaleSource.class.getName()});
        new XFormsModule().registerModule();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split("\t", -1);
            try {
                if (words[0].equals("form")) {
                    open(Path.of(words[1]), Path.of(words[2]), words[3], words[4]);
                    answers.println("ready");
                } else {
                    byte[] xml = fill(Base64.getDecoder().decode(words[1]));
                    answers.println("filled\t" + Base64.getEncoder().encodeToString(xml));
                }
            } catch (Refused refused) {
                answers.println("rejected\t" + refused.path + "\t" + oneLine(refused.getMessage()));
            } catch (Exception | StackOverflowError failure) {
                answers.println("broken\t" + oneLine(failure.toString()));
            }
        }
    }

    private static String oneLine(String text) {
        return text.replaceAll("[\\t\\r\\n]+", " ");
    }

    private static void open(Path xform, Path media, String deviceId, String username) throws Exception {
        ReferenceManager.instance().reset();
        ReferenceManager.instance().addReferenceFactory(new PrefixedRootFactory(
            new String[] {"file-csv", "file", "images", "audio", "video"}) {
            @Override
            protected Reference factory(String terminal, String uri) {
                return new MediaFile(media.resolve(terminal.replaceFirst("^/", "")).toFile(), uri);
            }
        });
        PropertyManager.setPropertyManager(new Properties(Map.of("deviceid", deviceId, "username", username)));
        ByteArrayOutputStream compact = new ByteArrayOutputStream();
        XFormUtils.getFormFromFormXml(xform.toString(), "jr://file/last-saved.xml").writeExternal(new DataOutputStream(compact));
        form = compact.toByteArray();
        fresh();
    }

    /** A new instance of the form, from the compact form Collect keeps too: several times as fast as parsing XML. */
    private static FormDef fresh() throws Exception {
        FormDef definition = new FormDef();
        definition.readExternal(
            new DataInputStream(new ByteArrayInputStream(form)), PrototypeManager.getDefault());
        definition.initialize(true, new InstanceInitializationFactory());
        return definition;
    }

    private static byte[] fill(byte[] proposal) throws Exception {
        Map<String, String> proposed = new HashMap<>();
        Element root = DocumentBuilderFactory.newInstance().newDocumentBuilder()
            .parse(new ByteArrayInputStream(proposal)).getDocumentElement();
        read(root, "/" + root.getTagName() + "[1]", proposed);
        FormDef definition = fresh();
        FormEntryController controller = new FormEntryController(new FormEntryModel(definition));
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
        for (int event = controller.stepToNextEvent(); event != FormEntryController.EVENT_END_OF_FORM;
                event = controller.stepToNextEvent()) {
            if (event == FormEntryController.EVENT_QUESTION) {
                answer(controller, proposed);
            } else if (event == FormEntryController.EVENT_PROMPT_NEW_REPEAT) {
                if (proposed.containsKey(path(controller.getModel().getFormIndex().getReference()))) {
                    controller.newRepeat();
                }
            }
        }
        ValidateOutcome outcome = definition.validate();
        if (outcome != null) {
            throw new Refused(path(outcome.failedPrompt.getReference()), "at the end: " + reason(outcome.outcome));
        }
        controller.finalizeFormEntry();
        TreeElement meta = definition.getMainInstance().getRoot().getFirstChild("meta");
        if (meta != null && meta.getFirstChild("audit") != null) {
            meta.getFirstChild("audit").setAnswer(new StringData("audit.csv"));
        }
        return new XFormSerializingVisitor().serializeInstance(definition.getMainInstance());
    }

    private static void answer(FormEntryController controller, Map<String, String> proposed) throws Refused {
        FormEntryPrompt prompt = controller.getModel().getQuestionPrompt();
        String path = path(prompt.getIndex().getReference());
        String text = proposed.getOrDefault(path, "");
        IAnswerData data = prompt.isReadOnly() ? prompt.getAnswerValue() : text.isEmpty() ? null : data(prompt, path, text);
        int outcome = controller.answerQuestion(data, true);
        if (outcome != FormEntryController.ANSWER_OK) {
            throw new Refused(path, reason(outcome) + (text.isEmpty() ? "" : ": " + text));
        }
    }

    private static String reason(int outcome) {
        return outcome == FormEntryController.ANSWER_REQUIRED_BUT_EMPTY ? "required" : "constraint";
    }

    private static IAnswerData data(FormEntryPrompt prompt, String path, String text) throws Refused {
        switch (prompt.getControlType()) {
            case Constants.CONTROL_SELECT_ONE:
                return new SelectOneData(selection(prompt, path, text));
            case Constants.CONTROL_SELECT_MULTI:
            case Constants.CONTROL_RANK:
                List<Selection> chosen = new ArrayList<>();
                for (String value : text.split(" ")) {
                    chosen.add(selection(prompt, path, value));
                }
                return new MultipleItemsData(chosen);
            case Constants.CONTROL_TRIGGER:
                return new StringData(text);
            default:
                return XFormAnswerDataParser.getAnswerData(text, prompt.getDataType(), prompt.getQuestion());
        }
    }

    private static Selection selection(FormEntryPrompt prompt, String path, String value) throws Refused {
        for (SelectChoice choice : prompt.getSelectChoices()) {
            if (choice.getValue().equals(value)) {
                return choice.selection();
            }
        }
        throw new Refused(path, "not offered: " + value);
    }

    /** /data[1]/m[2]/age[1]: every step with its position, also where only one is possible. */
    private static String path(TreeReference reference) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < reference.size(); at++) {
            text.append('/').append(reference.getName(at)).append('[');
            text.append(Math.max(0, reference.getMultiplicity(at)) + 1).append(']');
        }
        return text.toString();
    }

    private static void read(Element element, String path, Map<String, String> values) {
        Map<String, Integer> seen = new HashMap<>();
        boolean leaf = true;
        for (Node child = element.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element) {
                leaf = false;
                String name = ((Element) child).getTagName().replaceFirst("^.*:", "");
                int position = seen.merge(name, 1, Integer::sum);
                read((Element) child, path + "/" + name + "[" + position + "]", values);
            }
        }
        values.put(path, leaf ? element.getTextContent() : "");
    }

    /** What preloads ask the phone. */
    private static final class Properties implements IPropertyManager {
        private final Map<String, String> values;

        Properties(Map<String, String> values) {
            this.values = values;
        }

        @Override public String getSingularProperty(String name) { return values.get(name); }

        @Override public List<String> getProperty(String name) { return List.of(values.getOrDefault(name, "")); }

        @Override public void setProperty(String name, String value) { }

        @Override public void setProperty(String name, List<String> value) { }

        @Override public void addRules(IPropertyRules rules) { }

        @Override public List<IPropertyRules> getRules() { return List.of(); }
    }

    /** A file of the media folder under its jr:// address. */
    private static final class MediaFile implements Reference {
        private final File file;
        private final String uri;

        MediaFile(File file, String uri) {
            this.file = file;
            this.uri = uri;
        }

        @Override public boolean doesBinaryExist() { return file.exists(); }

        @Override public InputStream getStream() throws java.io.IOException { return Files.newInputStream(file.toPath()); }

        @Override public String getURI() { return uri; }

        @Override public String getLocalURI() { return file.getAbsolutePath(); }

        @Override public boolean isReadOnly() { return true; }

        @Override public OutputStream getOutputStream() { throw new UnsupportedOperationException(); }

        @Override public void remove() { throw new UnsupportedOperationException(); }

        @Override public Reference[] probeAlternativeReferences() { return new Reference[0]; }
    }
}
