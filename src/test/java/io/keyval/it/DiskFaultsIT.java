package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a real node does when its disk does what disks do. */
class DiskFaultsIT {

    @TempDir private Path directory;

    @Test
    void whenTheDiskIsFullThenWritesAreRefusedAndResumeByThemselves() throws Exception {
        assumeThat(System.getProperty("user.name")).as("mounting takes root").isEqualTo("root");
        Path disk = Files.createDirectory(directory.resolve("disk"));
        run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk.toString());
        try {
            Path ballast = Files.write(disk.resolve("ballast"), new byte[8 << 20]);
            int acknowledged = 0;
            String value = "v".repeat(200_000);
            try (NodeProcess node = NodeProcess.leader(disk.resolve("data")).start()) {
                try (LineClient client = node.client()) {
                    while ("OK".equals(client.ask("PUT k" + acknowledged + " " + value))) {
                        acknowledged++;
                    }
                    assertThat(acknowledged).isBetween(10, 60);
                    assertThat(client.ask("PUT refused " + value)).isEqualTo("ERROR");
                    assertThat(client.ask("DELETE k0")).isIn("OK", "ERROR");
                    assertThat(client.ask("GET k1")).isEqualTo(value);
                    assertThat(client.ask("GET refused")).isEmpty();

                    Files.delete(ballast);
                    assertThat(client.ask("PUT resumed " + value)).isEqualTo("OK");
                    assertThat(client.ask("GET resumed")).isEqualTo(value);
                }
                assertThat(node.output()).contains("succeed again");
                node.kill9();
                node.start();
                try (LineClient client = node.client()) {
                    List<String> gets = new ArrayList<>();
                    for (int i = 1; i < acknowledged; i++) {
                        gets.add("GET k" + i);
                    }
                    gets.add("GET resumed");
                    assertThat(client.pipeline(gets)).containsOnly(value);
                    assertThat(client.ask("GET refused")).isEmpty();
                }
            }
        } finally {
            run("umount", "-l", disk.toString());
        }
    }

    @Test
    void whenTheDiskOfANodeOfAClusterIsFullThenItGoesOnByItselfWhenThereIsRoom() throws Exception {
        assumeThat(System.getProperty("user.name")).as("mounting takes root").isEqualTo("root");
        Path disk = Files.createDirectory(directory.resolve("node1"));
        run("mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk.toString());
        try (ClusterOfThree cluster = new ClusterOfThree(directory).start()) {
            NodeProcess full = cluster.node(1);
            String value = "v".repeat(100_000);
            try (LineClient client = cluster.node(2).client()) {
                assertThat(client.ask("PUT before " + value)).isEqualTo("OK");
                Path ballast = disk.resolve("ballast");
                fill(ballast);
                int sent = 0;
                while (!full.output().contains("could not be written") && sent < 200) {
                    client.ask("PUT k" + sent++ + " " + value);
                }
                await().atMost(NodeProcess.PATIENCE)
                        .until(() -> full.output().contains("could not be written"));
                await().atMost(NodeProcess.PATIENCE)
                        .until(() -> client.ask("PUT others " + value).equals("OK"));
                assertThat(full.get("/livez").statusCode()).isEqualTo(200);
                assertThat(full.get("/readyz").statusCode()).isEqualTo(503);
                Files.delete(ballast);
                await().atMost(NodeProcess.PATIENCE)
                        .until(() -> full.output().contains("open again"));
            }
            cluster.awaitEqual();
            try (LineClient client = full.client()) {
                assertThat(client.ask("PUT after 1")).isEqualTo("OK");
                assertThat(client.ask("GET others")).isEqualTo(value);
            }
            for (NodeProcess node : cluster.nodes()) {
                assertThat(node.output()).doesNotContain("\tat ");
            }
        } finally {
            run("umount", "-l", disk.toString());
        }
    }

    private static void fill(Path ballast) throws IOException {
        byte[] block = new byte[64 << 10];
        try (OutputStream target = Files.newOutputStream(ballast)) {
            while (true) {
                target.write(block);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space");
        }
    }

    @Test
    void whenAForceFailsThenNothingIsAcknowledgedUntilARestart() throws Exception {
        FaultShim shim = new FaultShim(directory);
        try (NodeProcess node = shim.into(NodeProcess.leader(directory.resolve("data"))).start();
                LineClient client = node.client()) {
            assertThat(client.ask("PUT before 1")).isEqualTo("OK");
            shim.begin("sync 5");
            assertThat(client.ask("PUT during 1")).isEqualTo("ERROR");
            assertThat(client.ask("GET during")).isEmpty();
            shim.end();
            assertThat(client.ask("PUT after 1")).isEqualTo("ERROR");
            assertThat(client.ask("DELETE before")).isEqualTo("ERROR");
            assertThat(client.ask("GET before")).isEqualTo("1");
            assertThat(node.get("/actuator/health").statusCode()).isEqualTo(503);
            assertThat(node.get("/actuator/health/liveness").statusCode()).isEqualTo(503);
            assertThat(node.output()).contains("until the next start");

            node.kill9();
            node.start();
            try (LineClient again = node.client()) {
                assertThat(again.ask("GET before")).isEqualTo("1");
                assertThat(again.ask("GET after")).isEmpty();
                assertThat(again.ask("PUT after 2")).isEqualTo("OK");
            }
        }
    }

    @Test
    void whenMoreWaitsForASlowDiskThanFitsThenReadsGoOnAndNothingIsLost() throws Exception {
        FaultShim shim = new FaultShim(directory);
        List<LineClient> writers = new ArrayList<>();
        String value = "v".repeat(1_000_000);
        try (NodeProcess node = shim.into(NodeProcess.leader(directory.resolve("data"))).start();
                LineClient reader = node.client()) {
            assertThat(reader.ask("PUT before 1")).isEqualTo("OK");
            shim.begin("slow 3000");
            for (int i = 0; i < 100; i++) {
                writers.add(node.client().send("PUT k" + i + " " + value));
                assertThat(reader.ask("GET before")).isEqualTo("1");
            }
            for (int i = 0; i < 100; i++) {
                assertThat(reader.ask("GET before")).isEqualTo("1");
            }
            shim.end();
            for (LineClient writer : writers) {
                assertThat(writer.read()).isEqualTo("OK");
            }
            assertThat(reader.ask("GET k99")).isEqualTo(value);
        } finally {
            writers.forEach(LineClient::close);
        }
    }

    @Test
    void whenWritesFailThenTheyAreRefusedWhileItLasts() throws Exception {
        FaultShim shim = new FaultShim(directory);
        try (NodeProcess node = shim.into(NodeProcess.leader(directory.resolve("data"))).start();
                LineClient client = node.client()) {
            assertThat(client.ask("PUT before 1")).isEqualTo("OK");
            for (String fault : List.of("write 28", "write 5")) {
                shim.begin(fault);
                assertThat(client.ask("PUT during 1")).isEqualTo("ERROR");
                assertThat(client.ask("GET before")).isEqualTo("1");
                shim.end();
                assertThat(client.ask("PUT after 1")).isEqualTo("OK");
            }
            assertThat(node.get("/actuator/health").statusCode()).isEqualTo(200);
            node.kill9();
            node.start();
            try (LineClient again = node.client()) {
                assertThat(again.pipeline(List.of("GET before", "GET during", "GET after")))
                        .containsExactly("1", "", "1");
            }
        }
    }

    @Test
    void whenWritesAreShortThenNothingIsLost() throws Exception {
        FaultShim shim = new FaultShim(directory);
        try (NodeProcess node = shim.into(NodeProcess.leader(directory.resolve("data"))).start()) {
            List<String> puts = new ArrayList<>();
            List<String> gets = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                puts.add("PUT key" + i + " some value");
                gets.add("GET key" + i);
            }
            shim.begin("short 7");
            try (LineClient client = node.client()) {
                assertThat(client.pipeline(puts)).containsOnly("OK");
            }
            node.kill9();
            shim.end();
            node.start();
            try (LineClient client = node.client()) {
                assertThat(client.pipeline(gets)).containsOnly("some value");
            }
        }
    }

    @Test
    void whenForcesAreSlowThenWritesWaitAndItIsSaid() throws Exception {
        FaultShim shim = new FaultShim(directory);
        try (NodeProcess node = shim.into(NodeProcess.leader(directory.resolve("data"))).start();
                LineClient client = node.client();
                LineClient reader = node.client()) {
            shim.begin("slow 6000");
            client.send("PUT slow 1");
            assertThat(reader.ask("GET slow")).isEmpty();
            assertThat(client.read()).isEqualTo("OK");
            assertThat(reader.ask("GET slow")).isEqualTo("1");
            shim.end();
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> node.output().contains("Forcing the log to disk took"));
        }
    }

    @Test
    void whenFileDescriptorsRunOutThenTheNodeRecovers() throws Exception {
        try (NodeProcess node = NodeProcess.leader(directory.resolve("data")).start()) {
            long open = openFiles(node);
            run("prlimit", "--pid", "" + node.pid(), "--nofile=" + (open + 8) + ":" + (open + 8));
            List<LineClient> clients = new ArrayList<>();
            try {
                for (int i = 0; i < 40; i++) {
                    clients.add(node.connect().send("HELLO CLIENT"));
                }
                assertThat(clients.getFirst().read()).isEqualTo("HELLO SERVER");
                assertThat(clients.getFirst().ask("PUT during 1")).isEqualTo("OK");
            } finally {
                clients.forEach(LineClient::close);
            }
            await("a new client is served")
                    .atMost(Duration.ofSeconds(30))
                    .ignoreExceptions()
                    .untilAsserted(
                            () -> {
                                try (LineClient client = node.client()) {
                                    assertThat(client.ask("GET during")).isEqualTo("1");
                                }
                            });
            assertThat(node.output()).doesNotContain("\tat ");
        }
    }

    private static long openFiles(NodeProcess node) throws IOException {
        try (var files = Files.list(Path.of("/proc/" + node.pid() + "/fd"))) {
            return files.count();
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor())
                .as(String.join(" ", command))
                .isZero();
    }
}
