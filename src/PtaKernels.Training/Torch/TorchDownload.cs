using System.IO.Compression;
using NuGet.Common;
using NuGet.Configuration;
using NuGet.Protocol;
using NuGet.Protocol.Core.Types;
using NuGet.Versioning;

namespace PtaKernels.Training;

/// <summary>Fetches libtorch into <see cref="TorchFolder.Own"/> from the package sources that this user's NuGet configuration names.</summary>
public static class TorchDownload
{
    private const string Inside = "runtimes/linux-x64/native/";

    // What the wrapper needs; the package also has Python's and the tests' libraries.
    private static readonly string[] Needed = ["libc10.so", "libgomp-", "libtorch.so", "libtorch_cpu.so"];

    /// <summary>The folder of libtorch, fetched first where it is nowhere on this machine.</summary>
    /// <param name="progress">Is told the bytes that have come and, once known, the share of the whole.</param>
    /// <param name="cancellation">Stops; nothing is left under the folder's name.</param>
    /// <exception cref="TorchException">No source has it, or it cannot be written.</exception>
    public static async Task<string> EnsureAsync(Action<long, double> progress, CancellationToken cancellation) =>
        TorchFolder.Find() ?? await FetchAsync(progress, cancellation).ConfigureAwait(false);

    /// <summary>Fetches libtorch, replacing what is in our own folder.</summary>
    /// <inheritdoc cref="EnsureAsync"/>
    public static async Task<string> FetchAsync(Action<long, double> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(progress);
        string folder = TorchFolder.Own, partial = $"{folder}.{Environment.ProcessId}.partial";
        try
        {
            Directory.CreateDirectory(partial);
            string package = Path.Combine(partial, "package");
            await DownloadAsync(package, progress, cancellation).ConfigureAwait(false);
            Extract(package, partial, cancellation);
            File.Delete(package);
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
            Directory.Move(partial, folder);
            return folder;
        }
        catch (Exception e) when (e is IOException and not TorchException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new TorchException($"libtorch could not be put into {folder}: {e.Message}", e);
        }
        finally
        {
            if (Directory.Exists(partial))
                Directory.Delete(partial, recursive: true);
        }
    }

    private static async Task DownloadAsync(string file, Action<long, double> progress, CancellationToken cancellation)
    {
        const long AboutBytes = 128_200_806; // of 2.10.0, for the bar only
        ISettings settings = Settings.LoadDefaultSettings(Directory.GetCurrentDirectory());
        var tried = new List<string>();
        using var cache = new SourceCacheContext { DirectDownload = true, NoCache = true };
        foreach (PackageSource source in new PackageSourceProvider(settings).LoadPackageSources().Where(static s => s.IsEnabled))
        {
            try
            {
                FindPackageByIdResource? packages = await Repository.Factory.GetCoreV3(source).GetResourceAsync<FindPackageByIdResource>(cancellation).ConfigureAwait(false);
                var stream = new CountingStream(new FileStream(file, FileMode.Create, FileAccess.ReadWrite), bytes => progress(bytes, Math.Min(0.99, (double)bytes / AboutBytes)));
                await using (stream.ConfigureAwait(false))
                {
                    var version = NuGetVersion.Parse(TorchFolder.Version);
                    if (packages is not null && await packages.CopyNupkgToStreamAsync(TorchFolder.Package, version, stream, cache, NullLogger.Instance, cancellation).ConfigureAwait(false))
                        return;
                }

                tried.Add($"{source.Name} does not have it");
            }
            catch (Exception e) when (e is NuGetProtocolException or HttpRequestException)
            {
                tried.Add($"{source.Name}: {(e.InnerException ?? e).Message}");
            }
        }

        throw new TorchException(tried.Count == 0
            ? $"{TorchFolder.Package} {TorchFolder.Version} could not be fetched: this user's NuGet configuration names no package source; add one, or name a folder in {TorchFolder.Variable}."
            : $"{TorchFolder.Package} {TorchFolder.Version} could not be fetched ({string.Join("; ", tried)}); name a folder that has libtorch in {TorchFolder.Variable}.");
    }

    private static void Extract(string package, string folder, CancellationToken cancellation)
    {
        using ZipArchive archive = ZipFile.OpenRead(package);
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            cancellation.ThrowIfCancellationRequested();
            bool licence = entry.FullName.StartsWith("LICENSE", StringComparison.Ordinal);
            if (licence || (entry.FullName.StartsWith(Inside, StringComparison.Ordinal) && Needed.Any(n => entry.Name.StartsWith(n, StringComparison.Ordinal))))
                entry.ExtractToFile(Path.Combine(folder, entry.Name));
        }

        if (!File.Exists(Path.Combine(folder, "libtorch_cpu.so")))
            throw new InvalidDataException($"the package holds no {Inside}libtorch_cpu.so.");
    }

    /// <summary>A file that tells how much has been written.</summary>
    private sealed class CountingStream(Stream inner, Action<long> written) : Stream
    {
        private long _written;

        public override bool CanRead => inner.CanRead;

        public override bool CanSeek => inner.CanSeek;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => inner.Position = value;
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void SetLength(long value) => inner.SetLength(value);

        public override void Write(byte[] buffer, int offset, int count)
        {
            inner.Write(buffer, offset, count);
            written(_written += count);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            written(_written += buffer.Length);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
