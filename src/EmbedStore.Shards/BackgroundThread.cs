using System.Runtime.InteropServices;

namespace EmbedStore.Shards;

/// <summary>Work that may take long and is not to be felt: on a thread of its own that the operating system lets run where nobody else wants to.</summary>
internal static class BackgroundThread
{
    /// <summary>A tenth of the share of an ordinary thread where there is not enough for all. Linux's scale, -20 to 19.</summary>
    private const int Niceness = 10;

    /// <summary>Runs work to its end.</summary>
    public static Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            StepBack();
            try
            {
                done.SetResult(work());
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        })
        { IsBackground = true, Name = "EmbedStore background" };
        thread.Start();
        return done.Task;
    }

    /// <summary>Lowers the priority of the calling thread, which is not to be used for anything else.</summary>
    private static void StepBack()
    {
        if (OperatingSystem.IsLinux())
        {
            // The runtime's own priorities mean nothing on Linux. 0, 0: of a thread, of the calling one. Where it is not allowed the thread stays as it is.
            _ = SetPriority(0, 0, Niceness);
        }
        else
        {
            Thread.CurrentThread.Priority = ThreadPriority.Lowest;
        }
    }

    [DllImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPriority(int which, int who, int priority);
}
