using System.Runtime.InteropServices;

namespace PtaKernels.Corpus;

/// <summary>File names that last: given in one step, never over another file unless asked, and on the disk when a call returns.</summary>
internal static partial class DurableFiles
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int Exists = 17;
    private const int CurrentFolder = -100;
    private const uint NoReplace = 1, Exchanged = 2;

    /// <summary>Gives a complete file its final name, which no other file may have.</summary>
    /// <exception cref="IOException">The name is taken, or the disk refuses.</exception>
    public static void Publish(string partial, string path)
    {
        if (OperatingSystem.IsLinux())
        {
            if (Rename(CurrentFolder, partial, CurrentFolder, path, NoReplace) == 0)
                return;
            if (Marshal.GetLastPInvokeError() == Exists)
                throw new IOException($"{path}: exists already.");
        }

        File.Move(partial, path, overwrite: false); // a file system without that call: checked, then renamed
    }

    /// <summary>Lets two folders change their names in one step.</summary>
    /// <returns>False where the system or the file system cannot.</returns>
    public static bool TryExchange(string one, string other) => OperatingSystem.IsLinux() && Rename(CurrentFolder, one, CurrentFolder, other, Exchanged) == 0;

    /// <summary>Gives a file that will not change another name, in another folder of its file system without copying it.</summary>
    public static void LinkOrCopy(string from, string to)
    {
        if (!OperatingSystem.IsLinux() || Link(from, to) != 0)
            File.Copy(from, to);
    }

    /// <summary>Makes the names in a folder last; a file system that cannot is left as it is.</summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = Open(folder, 0);
        if (descriptor < 0)
            return;
        _ = Synchronize(descriptor);
        _ = Close(descriptor);
    }

    /// <summary>Whether an error means that the file system is full.</summary>
    public static bool IsFull(Exception e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return (e.HResult & 0xFFFF) is NoSpace or QuotaExceeded;
    }

    /// <summary>Why writing failed, as half a sentence.</summary>
    public static string ReasonOf(Exception e) => IsFull(e) ? "there is no space left on the disk; free some and run it again" : e.Message.TrimEnd('.');

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Rename(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
