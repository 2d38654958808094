package io.keyval;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** The layers of the house: imports point down only, siblings do not know each other. */
class ArchitectureTests {

    private static JavaClasses classes;

    @BeforeAll
    static void readClasses() {
        classes =
                new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("io.keyval");
    }

    @Test
    void whenAPackageImportsAnotherThenItIsBelowIt() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .withOptionalLayers(true)
                .layer("start")
                .definedBy("io.keyval")
                .layer("actuate")
                .definedBy("io.keyval.actuate..")
                .layer("console")
                .definedBy("io.keyval.console..")
                .layer("cli")
                .definedBy("io.keyval.cli..")
                .layer("server")
                .definedBy("io.keyval.server..")
                .layer("replication")
                .definedBy("io.keyval.replication..")
                .layer("cluster")
                .definedBy("io.keyval.cluster..")
                .layer("store")
                .definedBy("io.keyval.store..")
                .layer("wal")
                .definedBy("io.keyval.wal..")
                .layer("protocol")
                .definedBy("io.keyval.protocol..")
                .layer("command")
                .definedBy("io.keyval.command..")
                .layer("config")
                .definedBy("io.keyval.config..")
                .whereLayer("start")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("actuate")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("console")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("cli")
                .mayOnlyBeAccessedByLayers("start")
                .whereLayer("cli")
                .mayOnlyAccessLayers("wal")
                .whereLayer("server")
                .mayOnlyBeAccessedByLayers("start", "actuate", "console")
                .whereLayer("replication")
                .mayOnlyBeAccessedByLayers("start", "actuate", "console")
                .whereLayer("cluster")
                .mayOnlyBeAccessedByLayers("start", "actuate", "console")
                .whereLayer("store")
                .mayOnlyBeAccessedByLayers(
                        "start", "actuate", "console", "server", "replication", "cluster")
                .whereLayer("wal")
                .mayOnlyBeAccessedByLayers(
                        "start",
                        "actuate",
                        "console",
                        "cli",
                        "server",
                        "replication",
                        "cluster",
                        "store")
                .whereLayer("protocol")
                .mayOnlyBeAccessedByLayers(
                        "start", "actuate", "console", "server", "replication", "cluster")
                .whereLayer("command")
                .mayOnlyBeAccessedByLayers(
                        "start",
                        "actuate",
                        "console",
                        "server",
                        "replication",
                        "cluster",
                        "store",
                        "protocol")
                .whereLayer("config")
                .mayNotAccessAnyLayer()
                .check(classes);
    }

    @Test
    void whenAPackageIsPlainJavaThenItKnowsNoSpring() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.keyval.wal..",
                        "io.keyval.command..",
                        "io.keyval.protocol..",
                        "io.keyval.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.springframework..", "io.micrometer..", "jakarta..")
                .check(classes);
    }

    @Test
    void whenAPackageIsAtTheBottomThenItKnowsNoSettings() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.keyval.wal..", "io.keyval.command..", "io.keyval.protocol..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.keyval.config..")
                .check(classes);
    }

    @Test
    void whenPackagesKnowEachOtherThenNotInCycles() {
        slices().matching("io.keyval.(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void whenAClassNeedsAnotherThenItsConstructorSaysSo() {
        noClasses().should().dependOnClassesThat().areAssignableTo(Autowired.class).check(classes);
    }

    @Test
    void whenThereIsAPackageThenItIsDescribedAndNullMarked() {
        Set<String> packages =
                classes.stream().map(JavaClass::getPackageName).collect(Collectors.toSet());
        Set<String> described =
                classes.stream()
                        .filter(type -> type.getSimpleName().equals("package-info"))
                        .filter(type -> type.isAnnotatedWith(NullMarked.class))
                        .map(JavaClass::getPackageName)
                        .collect(Collectors.toSet());
        assertThat(new TreeSet<>(described)).containsExactlyElementsOf(new TreeSet<>(packages));
    }
}
