using System.Net;
using System.Text;
using EmbedStore.Testing;

namespace EmbedStore.Server.Tests.Settings;

/// <summary>config/tables holds specs that a server takes as they stand.</summary>
public sealed class SampleTableTests
{
    [Fact]
    public async Task A_server_creates_a_table_from_each()
    {
        string[] files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "config", "tables"), "*.json");
        Assert.NotEmpty(files);
        await using ServerProcess server = await ServerProcess.StartAsync();
        foreach (string file in files)
        {
            using var spec = new StringContent(await File.ReadAllTextAsync(file), Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await server.Client.PutAsync(new Uri($"/v1/tables/{Path.GetFileNameWithoutExtension(file)}", UriKind.Relative), spec);
            Assert.True(answer.StatusCode == HttpStatusCode.Created, $"{file}: {await answer.Content.ReadAsStringAsync()}");
        }
    }
}
