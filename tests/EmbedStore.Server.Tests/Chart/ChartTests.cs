using System.Globalization;
using EmbedStore.Http;
using EmbedStore.Testing;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Server.Tests.Chart;

public sealed class ChartTests
{
    private const string Prefix = "EmbedStore__";

    /// <summary>Values that between them take every branch of the templates.</summary>
    private const string Everything = """
        image: {tag: "9.9", pullSecrets: [{name: registry}]}
        http: {serviceAnnotations: {a: b}}
        http2: {enabled: true}
        cluster: {id: big, gatewayPort: 30000, tls: {secretName: certificates}}
        durable: {nfs: {server: files.example, path: /tables}}
        scratch: {persistent: true, storageClassName: local}
        settings: {Snapshots__Interval: "00:10:00", Shards: "8"}
        telemetry: {endpoint: "http://collector:4318"}
        antiAffinity: required
        networkPolicy: {clients: [{podSelector: {matchLabels: {role: trainer}}}]}
        nodeSelector: {disk: local}
        tolerations: [{key: tables, operator: Exists}]
        topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]
        priorityClassName: high
        podAnnotations: {a: b}
        """;

    private const string Little = """
        durable: {existingClaim: mine}
        networkPolicy: {enabled: false}
        antiAffinity: none
        preStopSleepSeconds: 0
        """;

    private static readonly string[] Probes = ["startupProbe", "livenessProbe", "readinessProbe"];
    private static readonly string[] HostRights = ["hostNetwork", "hostPID", "hostIPC"];

    private static readonly Dictionary<string, string> PortSettings = new()
    {
        ["http"] = "HttpPort",
        ["http2"] = "Http2Port",
        ["silo"] = "Cluster__SiloPort",
        ["gateway"] = "Cluster__GatewayPort",
        ["peer"] = "Cluster__PeerPort",
    };

    public static TheoryData<string> Cases => [.. new[] { "{}", Everything, Little }];

    [Fact]
    public void Render_OfTheDefaults_IsTheseObjects() => Assert.Equal(
        ["NetworkPolicy shop-embedstore", "PersistentVolumeClaim shop-embedstore", "PodDisruptionBudget shop-embedstore", "Service shop-embedstore", "Service shop-embedstore-servers", "StatefulSet shop-embedstore"],
        HelmChart.Render().Objects.Select(static each => $"{each.Text("kind")} {each.Text("metadata.name")}").Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_EveryObject_IsInTheNamespaceAndNamesTheRelease(string values)
    {
        HelmChart chart = HelmChart.Render(values);
        Assert.All(chart.Objects, static each =>
        {
            Assert.True(each.Text("kind") == "PersistentVolume" || each.Text("metadata.namespace") == HelmChart.Namespace);
            Assert.Equal(HelmChart.Release, each.Child("metadata.labels")["app.kubernetes.io/instance"]);
            Assert.Equal("embedstore-0.1.0", each.Child("metadata.labels")["helm.sh/chart"]);
        });
        Assert.Contains($"http://shop-embedstore.{HelmChart.Namespace}:7700", chart.Files["NOTES.txt"], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_EverySelector_IsTheOneOfTheServersPods(string values)
    {
        HelmChart chart = HelmChart.Render(values);
        Map selector = chart.StatefulSet.Child("spec.selector.matchLabels");
        Map labels = chart.StatefulSet.Child("spec.template.metadata.labels");
        Assert.All(selector, pair => Assert.Equal(pair.Value, labels[pair.Key]));
        Assert.DoesNotContain("app.kubernetes.io/version", selector.Keys);
        Assert.Equal(chart.StatefulSet.Text("spec.serviceName"), chart.Only("Service", "-servers").Text("metadata.name"));
        Assert.All(chart.Objects.Where(static each => each.Text("kind") == "Service"), service => Assert.Equal(selector, service.Child("spec.selector")));
        Assert.Equal(selector, chart.Only("PodDisruptionBudget").Child("spec.selector.matchLabels"));
    }

    [Theory]
    [InlineData("preferred", "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.podAffinityTerm.labelSelector.matchLabels")]
    [InlineData("required", "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.0.labelSelector.matchLabels")]
    public void Render_AntiAffinity_KeepsServersApart(string affinity, string path)
    {
        HelmChart chart = HelmChart.Render($"antiAffinity: {affinity}");
        Assert.Equal(chart.StatefulSet.Child("spec.selector.matchLabels"), chart.Pod.Child(path));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_EveryPortThatIsNamed_IsOneOfTheContainer(string values)
    {
        HelmChart chart = HelmChart.Render(values);
        Dictionary<string, long> ports = chart.Container.Maps("ports").ToDictionary(static port => port.Text("name"), static port => port.Number("containerPort"));
        Assert.Equal(ports.Count, ports.Values.Distinct().Count());
        Assert.All(chart.Objects.Where(static each => each.Text("kind") == "Service").SelectMany(static service => service.Maps("spec.ports")), port => Assert.Equal(ports[port.Text("targetPort")], port.Number("port")));
        Assert.All(Probes, probe => Assert.Equal("http", chart.Container.Text($"{probe}.httpGet.port")));

        Map variables = Variables(chart);
        Assert.All(PortSettings, pair =>
        {
            // A door that is switched off has no port in the container either.
            string port = variables.Text(Prefix + pair.Value);
            long expected = port is "0" or "-1" ? 0 : long.Parse(port, CultureInfo.InvariantCulture);
            Assert.Equal(expected, ports.GetValueOrDefault(pair.Key));
        });
    }

    [Fact]
    public void Render_Probes_AskThePathsOfTheServer()
    {
        Map container = HelmChart.Render().Container;
        Assert.Equal(
            ("/health/live", "/health/live", "/health/ready"),
            (container.Text("startupProbe.httpGet.path"), container.Text("livenessProbe.httpGet.path"), container.Text("readinessProbe.httpGet.path")));
    }

    /// <summary>A server stops at a name that it does not know.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_EveryVariable_IsASettingOfTheServer(string values)
    {
        List<Map> variables = HelmChart.Render(values).Container.Maps("env");
        string[] names = [.. variables.Select(static variable => variable.Text("name"))];
        Assert.Equal(names.Distinct(), names);
        Assert.All(variables, static variable =>
        {
            Assert.StartsWith(Prefix, variable.Text("name"), StringComparison.Ordinal);
            string key = variable.Text("name").Replace("__", ":", StringComparison.Ordinal);
            Setting? setting = Setting.Find(key);
            Assert.True(setting?.Key == key, $"{key} is not a setting.");
            Assert.True(variable.Has("valueFrom") || setting.Accepts(variable.Text("value")), $"{key} cannot have its value.");
        });
    }

    /// <summary>All rules of the server hold, also that it listens beyond loopback with keys only.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_AllVariables_AreOptionsThatTheServerTakes(string values)
    {
        HelmChart chart = HelmChart.Render(values);
        Dictionary<string, string?> sources = Variables(chart).ToDictionary(static pair => pair.Key.Replace("__", ":", StringComparison.Ordinal), static pair => (string?)pair.Value);
        var keys = new StringWriter();
        KeyCommand.Run(CommandLine.Parse(["key", "a"], "key"), TextReader.Null, keys);
        string printed = keys.ToString();
        using var folder = new TemporaryFolder();
        string file = folder.Write("keys.json", printed[printed.IndexOf('{', StringComparison.Ordinal)..(printed.LastIndexOf('}') + 1)]);
        Assert.Throws<StartException>(() => SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(sources).Build()));
        EmbedStoreOptions options = SettingsReader.Read(new ConfigurationBuilder().AddJsonFile(file).AddInMemoryCollection(sources).Build());
        Assert.Equal(ClusterOptions.Postgres, options.Cluster.Membership);
        Assert.Equal("shop-embedstore-0", options.Cluster.SiloName);
        Assert.Equal("10.0.0.7", options.Cluster.AdvertisedAddress);
        Assert.Equal((7700, 11111, 7790), (options.HttpPort, options.Cluster.SiloPort, options.Cluster.PeerPort));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_ThePod_HasNoRightsThatItDoesNotNeed(string values)
    {
        HelmChart chart = HelmChart.Render(values);
        Map pod = chart.Pod.Child("securityContext");
        Assert.Equal((true, 1654L, 1654L, "RuntimeDefault"), (pod.At("runAsNonRoot"), pod.Number("runAsUser"), pod.Number("fsGroup"), pod.Text("seccompProfile.type")));
        Map container = chart.Container.Child("securityContext");
        Assert.Equal((true, false, false), (container.At("readOnlyRootFilesystem"), container.At("allowPrivilegeEscalation"), container.At("privileged")));
        Assert.Equal(["ALL"], container.Texts("capabilities.drop"));
        Assert.Equal(false, chart.Pod.At("automountServiceAccountToken"));
        Assert.All(HostRights, name => Assert.False(chart.Pod.Has(name)));
        Assert.DoesNotContain(chart.Pod.Maps("volumes"), static volume => volume.Has("hostPath"));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_EveryFolderThatAServerWrites_IsAVolume(string values)
    {
        HelmChart chart = HelmChart.Render(values);
        Dictionary<string, string> mounts = chart.Container.Maps("volumeMounts").ToDictionary(static mount => mount.Text("mountPath"), static mount => mount.Text("name"));
        Map variables = Variables(chart);
        Assert.Equal("durable", mounts[variables.Text("EmbedStore__Data")]);
        Assert.Equal("scratch", mounts[variables.Text("EmbedStore__ScratchFolder")]);
        Assert.Equal("tmp", mounts["/tmp"]);

        IEnumerable<string> claims = chart.StatefulSet.Has("spec.volumeClaimTemplates") ? chart.StatefulSet.Maps("spec.volumeClaimTemplates").Select(static claim => claim.Text("metadata.name")) : [];
        Assert.Equal(chart.Pod.Maps("volumes").Select(static volume => volume.Text("name")).Concat(claims).Order(), mounts.Values.Order());
        string durable = chart.Pod.Maps("volumes").Single(static volume => volume.Text("name") == "durable").Text("persistentVolumeClaim.claimName");
        Assert.Equal(values == Little ? "mine" : chart.Only("PersistentVolumeClaim").Text("metadata.name"), durable);
        Assert.Equal(values == Little ? 0 : 1, chart.Objects.Count(static each => each.Text("kind") == "PersistentVolumeClaim"));
    }

    [Fact]
    public void Render_DurableFolder_IsForManyServersAndOutlivesTheRelease()
    {
        Map claim = HelmChart.Render().Only("PersistentVolumeClaim");
        Assert.Equal(["ReadWriteMany"], claim.Texts("spec.accessModes"));
        Assert.Equal("keep", claim.Child("metadata.annotations")["helm.sh/resource-policy"]);
    }

    /// <summary>A server must see at once that another has claimed its shard.</summary>
    [Fact]
    public void Render_NfsServer_IsAVolumeThatRemembersNoNames()
    {
        HelmChart chart = HelmChart.Render(Everything);
        Map volume = chart.Only("PersistentVolume");
        Map claim = chart.Only("PersistentVolumeClaim");
        Assert.Superset(new HashSet<string> { "lookupcache=none", "actimeo=0", "hard" }, volume.Texts("spec.mountOptions").ToHashSet());
        Assert.Equal(("files.example", "/tables", "Retain"), (volume.Text("spec.nfs.server"), volume.Text("spec.nfs.path"), volume.Text("spec.persistentVolumeReclaimPolicy")));
        Assert.Equal((volume.Text("metadata.name"), "", ""), (claim.Text("spec.volumeName"), claim.Text("spec.storageClassName"), volume.Text("spec.storageClassName")));
        Assert.Equal((claim.Text("metadata.name"), HelmChart.Namespace), (volume.Text("spec.claimRef.name"), volume.Text("spec.claimRef.namespace")));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_PortsBetweenServers_AreOpenToServersAlone(string values)
    {
        HelmChart chart = HelmChart.Render(values);
        if (values == Little)
        {
            Assert.DoesNotContain(chart.Objects, static each => each.Text("kind") == "NetworkPolicy");
            return;
        }

        Map policy = chart.Only("NetworkPolicy");
        Map selector = chart.StatefulSet.Child("spec.selector.matchLabels");
        Assert.Equal(selector, policy.Child("spec.podSelector.matchLabels"));
        Assert.Equal(["Ingress"], policy.Texts("spec.policyTypes"));
        Dictionary<string, Map> openedBy = policy.Maps("spec.ingress").SelectMany(static rule => rule.Maps("ports").Select(port => (port.Text("port"), rule))).ToDictionary();
        Assert.Equal(chart.Container.Maps("ports").Select(static port => port.Text("name")).Order(), openedBy.Keys.Order());
        Assert.All(openedBy.Where(static pair => pair.Key is "silo" or "gateway" or "peer"), pair => Assert.Equal(selector, Assert.Single(pair.Value.Maps("from")).Child("podSelector.matchLabels")));

        // An empty selector is every pod of the namespace; no "from" at all would be the whole world.
        Assert.NotEmpty(openedBy["http"].Maps("from"));
    }

    [Fact]
    public void Render_TimeToStop_IsLongerThanTheSleepBeforeIt()
    {
        HelmChart chart = HelmChart.Render();
        Assert.True(chart.Pod.Number("terminationGracePeriodSeconds") > chart.Container.Number("lifecycle.preStop.sleep.seconds") + 30);
        Assert.True(HelmChart.Render(Little).Container.Has("readinessProbe") && !HelmChart.Render(Little).Container.Has("lifecycle"));
    }

    [Fact]
    public void Render_Secrets_AreNamedAndNeverWritten()
    {
        List<Map> secrets = [.. HelmChart.Render("secret: {name: mine}").Container.Maps("env").Where(static variable => variable.Has("valueFrom.secretKeyRef"))];
        Assert.Equal(["EmbedStore__Cluster__PostgresConnection", "EmbedStore__Cluster__PeerKey"], secrets.Select(static variable => variable.Text("name")));
        Assert.All(secrets, static variable => Assert.Equal("mine", variable.Text("valueFrom.secretKeyRef.name")));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_KeysOfClients_AreAFileOfTheSecretThatTheServerReads(string values)
    {
        HelmChart chart = HelmChart.Render(values);
        CommandLine line = CommandLine.Parse(chart.Container.Texts("args"), "serve");
        Map mount = chart.Container.Maps("volumeMounts").Single(static each => each.Text("name") == "keys");
        Map volume = chart.Pod.Maps("volumes").Single(static each => each.Text("name") == "keys");
        Map item = Assert.Single(volume.Maps("secret.items"));
        Assert.Equal(("shop-embedstore", "keys.json"), (volume.Text("secret.secretName"), item.Text("key")));
        Assert.Equal((line.ConfigFile, true), ($"{mount.Text("mountPath")}/{item.Text("path")}", (bool)mount.At("readOnly")!));
        Assert.False(volume.Has("secret.optional"));
    }

    /// <summary>Kubernetes asks without a key.</summary>
    [Fact]
    public void Render_Probes_AskOnlyWhatNeedsNoKey() =>
        Assert.All(Probes, static probe =>
        {
            Assert.StartsWith("/health/", HelmChart.Render().Container.Text($"{probe}.httpGet.path"), StringComparison.Ordinal);
            Assert.False(HelmChart.Render().Container.Has($"{probe}.httpGet.httpHeaders"));
        });

    [Theory]
    [InlineData("embedstore", "embedstore")]
    [InlineData("my-embedstore", "my-embedstore")]
    [InlineData("a-release-whose-name-is-fifty-three-characters-long-x", "a-release-whose-name-is-fifty-three-characters-lon")]
    [InlineData("a-release-whose-name-is-forty-nine-characters-xyz", "a-release-whose-name-is-forty-nine-characters-xyz")]
    public void Render_AnyRelease_NamesObjectsWithinTheLimit(string release, string name) =>
        Assert.Equal(name, HelmChart.Render("{}", release).StatefulSet.Text("metadata.name"));

    /// <summary>What the containers get, with stand-ins for what the cluster fills in.</summary>
    private static Map Variables(HelmChart chart) => new(chart.Container.Maps("env").ToDictionary(static variable => variable.Text("name"), object? (variable) =>
        variable.Has("value") ? variable.Text("value")
        : !variable.Has("valueFrom.fieldRef") ? new string('s', 32)
        : variable.Text("valueFrom.fieldRef.fieldPath") switch
        {
            "metadata.name" => chart.StatefulSet.Text("metadata.name") + "-0",
            "status.podIP" => "10.0.0.7",
            string path => throw new InvalidDataException($"'{path}' is not known."),
        }));
}
