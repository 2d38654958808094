package io.keyval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The page of all settings is what the code says. {@code -Dkeyval.docs.write=true} writes it anew.
 */
class ConfigurationPageTests {

    private static final Path PAGE = Path.of("docs/configuration.md");

    @Test
    void whenASettingChangesThenThePageDoes() throws IOException {
        String text = ConfigurationPage.text();
        if (Boolean.getBoolean("keyval.docs.write")) {
            Files.writeString(PAGE, text);
        }
        assertThat(PAGE)
                .as(
                        "docs/configuration.md; write it by ./mvnw test -Dtest=ConfigurationPageTests -Dkeyval.docs.write=true")
                .hasContent(text);
    }
}
