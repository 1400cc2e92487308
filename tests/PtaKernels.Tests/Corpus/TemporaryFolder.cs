using System.IO.Compression;
using System.Text;

namespace PtaKernels.Tests.Corpus;

/// <summary>An empty folder that goes with everything in it when disposed.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pta-tests-");

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public IEnumerable<string> Names => _folder.EnumerateFileSystemInfos().Select(f => f.Name).Order(StringComparer.Ordinal);

    /// <summary>Writes a file, one line per item, gzip if its name says so.</summary>
    public string Write(string name, params IEnumerable<string> lines)
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n")));
        File.WriteAllBytes(this[name], name.EndsWith(".gz", StringComparison.Ordinal) ? Compress(text) : text);
        return this[name];
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static byte[] Compress(byte[] text)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest))
            gzip.Write(text);
        return memory.ToArray();
    }
}
