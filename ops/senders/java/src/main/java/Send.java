import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sends care events to a Care Ledger with the public CloudEvents SDK (Maven `io.cloudevents`).
 *
 * <p>A request that gets no answer, or a 503, is sent again unchanged: the ledger recognises an
 * event by its `source` and `id`, so a retry never records the event twice. The person is made up.
 *
 * <p>Usage: java -cp CLASSPATH Send http://HOST:PORT
 */
public final class Send {
    private static final String SOURCE = "urn:care-ledger:example:sender-java";
    private static final String PERSON = "7e57ab1e-0000-4000-8000-000000000003";
    private static final int TRIES = 6;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private static CloudEvent careEvent(String type, String id, String time, Map<String, ?> data)
        throws IOException {
        return CloudEventBuilder.v1()
            .withId(id)
            .withSource(URI.create(SOURCE))
            .withType(type)
            .withSubject(PERSON)
            .withTime(OffsetDateTime.parse(time))
            .withData("application/json", JSON.writeValueAsBytes(data))
            .build();
    }

    private static HttpRequest structured(String url, CloudEvent event) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE);
        HttpMessageFactory
            .createWriter(request::header, body -> request.POST(BodyPublishers.ofByteArray(body)))
            .writeStructured(event, JsonFormat.CONTENT_TYPE);
        return request.build();
    }

    private static HttpRequest binary(String url, CloudEvent event) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE);
        HttpMessageFactory
            .createWriter(request::header, body -> request.POST(BodyPublishers.ofByteArray(body)))
            .writeBinary(event);
        return request.build();
    }

    /** Posts again until the answer is not a 503. */
    private static HttpResponse<String> post(HttpRequest request) throws InterruptedException {
        double wait = 0.2;
        for (int left = TRIES - 1; ; left--) {
            String why = "no answer";
            double pause = wait;
            try {
                HttpResponse<String> answer = CLIENT.send(request, BodyHandlers.ofString());
                if (answer.statusCode() != 503) {
                    return answer;
                }
                why = "503";
                pause = answer.headers().firstValue("retry-after")
                    .map(Double::parseDouble).orElse(wait);
            } catch (IOException lost) {
                // Refused, cut off or too slow: whether the event was recorded is unknown.
            }
            if (left == 0) {
                throw new IllegalStateException("gave up: " + why);
            }
            String told = pause == Math.rint(pause) ? "" + (long) pause : "" + pause;
            System.out.println("   " + why + ": the same again in " + told + " s");
            Thread.sleep((long) (pause * 1000));
            wait = Math.min(wait * 2, 10);
        }
    }

    private static String text(JsonNode node, String name) {
        return node.path(name).asText();
    }

    /** Prints the result for one event, and returns its receipt. */
    private static JsonNode tell(HttpResponse<String> answer) throws IOException {
        JsonNode told = JSON.readTree(answer.body());
        if (answer.statusCode() < 300) {
            JsonNode receipt = told.at("/receipts/0");
            boolean isDry = told.path("dryRun").asBoolean();
            String when = isDry ? "would be recorded" : text(receipt, "status");
            System.out.printf("   %s: revision %s of %s%n", when, text(receipt, "revision"),
                text(receipt, "stream"));
            return receipt;
        }
        System.out.printf("   refused: %s %s; see %s%n", text(told, "status"), text(told, "title"),
            text(told, "href"));
        for (JsonNode issue : told.path("issues")) {
            System.out.printf("   %s %s: %s: %s%n", text(issue, "in"), text(issue, "name"),
                text(issue, "code"), text(issue, "detail"));
        }
        return null;
    }

    public static void main(String[] arguments) throws Exception {
        String base = arguments[0].replaceAll("/$", "");
        String events = base + "/v1/events";
        CloudEvent arrival = careEvent(
            "detention.arrived", "arrival-1", "2026-03-02T16:40:00+01:00",
            Map.of("detention", "stay-1", "facility", "gent", "legalStatus", "pretrial"));
        Map<String, Object> dose = Map.of("product", "methadone", "doseMicrograms", 60_000,
            "setting", "prison", "facility", "gent");
        String given = "2026-03-03T08:35:00+01:00";
        CloudEvent continued = careEvent("substitution.doseContinued", "dose-1", given, dose);
        Map<String, Object> mistaken = new LinkedHashMap<>(dose);
        mistaken.put("doseMicrograms", "60 mg");
        mistaken.put("note", "-");
        CloudEvent wrong = careEvent("substitution.doseContinued", "dose-2", given, mistaken);

        System.out.println("an arrival, as a dry run");
        tell(post(structured(events + "?dryRun=true", arrival)));
        System.out.println("the arrival, in structured mode");
        JsonNode first = tell(post(structured(events, arrival)));
        System.out.println("a dose, in binary mode");
        tell(post(binary(events, continued)));
        System.out.println("the arrival once more");
        JsonNode again = tell(post(structured(events, arrival)));
        boolean same = again.path("commitment").equals(first.path("commitment"))
            && again.path("position").equals(first.path("position"));
        System.out.printf("   %s receipt again: nothing stands there twice%n",
            same ? "the first" : "ANOTHER");
        System.out.println("a dose with two mistakes");
        tell(post(structured(events, wrong)));
        System.out.println("what was refused of this source");
        String own = URLEncoder.encode(SOURCE, StandardCharsets.UTF_8);
        URI inbox = URI.create(base + "/v1/refusals?source=" + own);
        HttpRequest request = HttpRequest.newBuilder(inbox).timeout(PATIENCE).build();
        String kept = CLIENT.send(request, BodyHandlers.ofString()).body();
        for (JsonNode item : JSON.readTree(kept).path("items")) {
            List<String> names = new ArrayList<>();
            for (JsonNode issue : item.at("/problem/issues")) {
                names.add(text(issue, "name") + " " + text(issue, "code"));
            }
            System.out.printf("   %s %s: %s%n", text(item, "id"),
                text(item.path("problem"), "status"), String.join(", ", names));
        }
    }

    private Send() {}
}
