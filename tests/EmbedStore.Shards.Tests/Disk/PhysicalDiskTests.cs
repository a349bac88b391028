using System.Diagnostics;

namespace EmbedStore.Shards.Tests;

public sealed class PhysicalDiskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>flock(1) takes the same kind of lock as another owner would, in another process, and dies by SIGKILL.</summary>
    [Fact]
    public void TryLock_HeldByAnotherProcess_IsRefusedUntilThatProcessIsKilled()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/flock"))
        {
            return;
        }

        string path = Path.Combine(_folder.Path, "lock");
        using Process other = Process.Start(new ProcessStartInfo("/usr/bin/flock", ["-x", "-o", path, "sh", "-c", "echo held; read line"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        Assert.Equal("held", other.StandardOutput.ReadLine());
        Assert.Null(PhysicalDisk.Instance.TryLock(path));

        other.Kill(entireProcessTree: true);
        other.WaitForExit();
        using IDisposable? mine = PhysicalDisk.Instance.TryLock(path);
        Assert.NotNull(mine);
        Assert.Null(PhysicalDisk.Instance.TryLock(path));
    }

    [Fact]
    public void FlushFolder_NoSuchFolder_Throws()
    {
        PhysicalDisk.Instance.FlushFolder(_folder.Path);
        Assert.True(OperatingSystem.IsWindows() || Assert.Throws<IOException>(() => PhysicalDisk.Instance.FlushFolder(_folder.Path + "/none")).Message.Contains("none", StringComparison.Ordinal));
    }

    [Fact]
    public void Write_DeviceWithoutRoom_SaysThatItIsFull()
    {
        if (File.Exists("/dev/full"))
        {
            using IDiskFile full = PhysicalDisk.Instance.Open("/dev/full", create: false);
            Assert.Throws<DiskFullException>(() => full.Write([1, 2, 3], 0));
        }
    }

    [Fact]
    public void FreeByteCount_OfAFolder_IsItsFileSystems() => Assert.True(PhysicalDisk.Instance.FreeByteCount(_folder.Path) > 0);

    /// <summary>An error is not a no: who asks for another owner's claim would go on writing.</summary>
    [Fact]
    public void FileExists_SaysNoForWhatIsNotThereAndThrowsWhenItCannotTell()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "file");
        File.WriteAllBytes(file, []);
        PhysicalDisk disk = PhysicalDisk.Instance;
        Assert.Equal([true, false, false, false], new[] { file, file + "2", Path.Combine(file, "in"), Path.Combine(folder.Path, "no", "file") }.Select(disk.FileExists));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Throws<IOException>(() => disk.FileExists(Path.Combine(folder.Path, new string('x', 300))));
        }
    }
}
