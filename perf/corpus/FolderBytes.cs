namespace PtaKernels.CorpusBench;

/// <summary>Files and folders as bytes.</summary>
internal static class FolderBytes
{
    /// <summary>Bytes of a file, or of all files of a folder.</summary>
    public static long SizeOf(string path) => FilesOf(path).Sum(static f => new FileInfo(f.Path).Length);

    /// <summary>The first difference between two files or folders in words; null where every byte is the same.</summary>
    public static string? Difference(string expected, string actual)
    {
        (string Name, string Path)[] first = FilesOf(expected), second = FilesOf(actual);
        string[] names = [.. first.Select(static f => f.Name)], others = [.. second.Select(static f => f.Name)];
        if (!names.SequenceEqual(others, StringComparer.Ordinal))
            return $"files {string.Join(", ", names.Except(others).Select(static n => "-" + n).Concat(others.Except(names).Select(static n => "+" + n)))}";
        for (int i = 0; i < first.Length; i++)
        {
            if (FirstDifference(first[i].Path, second[i].Path) is { } at)
                return $"{first[i].Name} at byte {at}";
        }

        return null;
    }

    /// <summary>All files, by the name within, in ordinal order; a file is its own only one.</summary>
    public static (string Name, string Path)[] FilesOf(string path) =>
        File.Exists(path) ? [("", path)]
        : Directory.Exists(path) ? [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Select(f => (Path.GetRelativePath(path, f), f)).OrderBy(static f => f.Item1, StringComparer.Ordinal)]
        : [];

    private static long? FirstDifference(string expected, string actual)
    {
        using FileStream first = File.OpenRead(expected), second = File.OpenRead(actual);
        byte[] a = new byte[1 << 20], b = new byte[1 << 20];
        for (long at = 0; ;)
        {
            int n = first.ReadAtLeast(a, a.Length, throwOnEndOfStream: false), m = second.ReadAtLeast(b, b.Length, throwOnEndOfStream: false);
            int same = a.AsSpan(0, n).CommonPrefixLength(b.AsSpan(0, m));
            if (same < Math.Max(n, m))
                return at + same;
            if (n == 0)
                return null;
            at += n;
        }
    }
}
