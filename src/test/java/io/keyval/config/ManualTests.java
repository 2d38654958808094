package io.keyval.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.io.FileSystemResource;

/** The files in {@code config/} are the manual of the settings: they tell all, and the truth. */
class ManualTests {

    private static final Path CONFIG = Path.of("config");

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "cluster"})
    void whenTheManualIsLoadedThenItIsTheDefaults(String role) throws IOException {
        Binder manual = binder(load("application-" + role + ".yml"), load("application.yml"));
        Binder defaults =
                role.equals("leader")
                        ? new Binder(
                                ConfigurationPropertySources.from(
                                        new MapPropertySource("leader", Map.of("keyval.id", "1"))))
                        : binder(List.of());

        assertThat(manual.bindOrCreate("keyval", KeyvalProperties.class))
                .isEqualTo(defaults.bindOrCreate("keyval", KeyvalProperties.class));
        assertThat(manual.bindOrCreate("keyval.wal", WalProperties.class))
                .isEqualTo(defaults.bindOrCreate("keyval.wal", WalProperties.class));
    }

    @Test
    void whenASettingExistsThenTheManualTellsOfItAndOfNoOther() throws IOException {
        List<String> told = new ArrayList<>();
        for (String file :
                List.of(
                        "application.yml",
                        "application-leader.yml",
                        "application-follower.yml",
                        "application-cluster.yml")) {
            for (PropertySource<?> source : uncommented(file)) {
                told.addAll(List.of(((EnumerablePropertySource<?>) source).getPropertyNames()));
            }
        }
        assertThat(told.stream().filter(name -> name.startsWith("keyval.")).distinct())
                .containsExactlyInAnyOrderElementsOf(SettingNames.all());
        assertThat(told).contains("management.server.port");
    }

    @Test
    void whenASettingExistsThenItsMetadataDescribesIt() throws IOException {
        List<String> names = new ArrayList<>();
        try (InputStream in =
                KeyvalProperties.class.getResourceAsStream(
                        "/META-INF/spring-configuration-metadata.json")) {
            assertThat(in).as("generated metadata").isNotNull();
            Map<String, Object> metadata =
                    JsonParserFactory.getJsonParser()
                            .parseMap(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            for (Object entry : (List<?>) metadata.get("properties")) {
                Map<?, ?> property = (Map<?, ?>) entry;
                String name = (String) property.get("name");
                if (name.startsWith("keyval.")) {
                    names.add(name);
                    assertThat((String) property.get("description")).as(name).isNotBlank();
                }
            }
        }
        assertThat(names).containsExactlyInAnyOrderElementsOf(SettingNames.all());
    }

    @Test
    void whenANameIsMistypedThenTheNearestOneIsOffered() {
        assertThat(SettingNames.contains("keyval.wal.fsync")).isTrue();
        assertThat(SettingNames.contains("keyval.limits.maxKeySize")).isTrue();
        assertThat(SettingNames.contains("keyval.wal.fsnyc")).isFalse();
        assertThat(SettingNames.nearest("keyval.wal.fsnyc")).isEqualTo("keyval.wal.fsync");
    }

    private static List<PropertySource<?>> load(String file) throws IOException {
        return new YamlPropertySourceLoader()
                .load(file, new FileSystemResource(CONFIG.resolve(file)));
    }

    /** The file with those lines in force that are settings commented out, such as "# id: 2". */
    private static List<PropertySource<?>> uncommented(String file) throws IOException {
        String text =
                Files.readString(CONFIG.resolve(file))
                        .replaceAll("(?m)^( +)# ([a-z-]+:( \\S+)?)$", "$1$2");
        return new YamlPropertySourceLoader()
                .load(file, new ByteArrayResource(text.getBytes(StandardCharsets.UTF_8)));
    }

    @SafeVarargs
    private static Binder binder(List<PropertySource<?>>... sources) {
        MutablePropertySources all = new MutablePropertySources();
        for (List<PropertySource<?>> some : sources) {
            some.forEach(all::addLast);
        }
        return new Binder(ConfigurationPropertySources.from(all));
    }
}
