using PtaKernels.Demo;

namespace PtaKernels.CorpusBench;

/// <summary>The real text that machines have without a network: documentation, localised messages, sources.</summary>
internal static class MachineTexts
{
    /// <summary>Kinds and the share of the text that each is to give; a kind that runs out leaves its share to the others.</summary>
    public static readonly (string Kind, int Weight, string What)[] Kinds =
    [
        ("netdoc", 20, "reference documentation of .NET, a text per type"),
        ("resources", 20, "messages of the .NET SDK's tools in 13 languages"),
        ("python", 15, "Python sources"),
        ("doc", 20, "documentation, change logs and licences of installed packages"),
        ("man", 12, "manual pages"),
        ("locale", 8, "translated messages of installed programs"),
        ("perldoc", 5, "Perl's manual"),
    ];

    private static readonly string[] DocumentEndings = [".txt", ".md", ".rst", ".org", "/copyright", "/README", "/NEWS", "/TODO", "/FAQ", "/AUTHORS", "/HACKING", "/THANKS", "/INSTALL"];

    private static readonly string[] PythonRoots = ["/usr/lib", "/usr/local/lib"];

    /// <summary>All texts of this machine by kind, each kind in an order that its files alone decide.</summary>
    public static IReadOnlyDictionary<string, MachineText[]> Find()
    {
        string packs = ReferenceTexts.FindPacks(), dotnet = Path.GetDirectoryName(packs)!;
        return new Dictionary<string, MachineText[]>(StringComparer.Ordinal)
        {
            ["netdoc"] = [.. ReferenceTexts.Read(packs).Select(static type => new MachineText("netdoc", type.Name, () => type.Entries))],
            ["resources"] = Files("resources", dotnet, "sdk", static file => file.EndsWith(".resources.dll", StringComparison.Ordinal), ResourceTexts.Read),
            ["python"] = [.. PythonRoots.SelectMany(static root => Folders(root, "python3*"))
                .SelectMany(static folder => Files("python", Path.GetDirectoryName(folder)!, Path.GetFileName(folder), static file => file.EndsWith(".py", StringComparison.Ordinal), TextFiles.Paragraphs))],
            ["doc"] = [.. Files("doc", "/usr/share", "common-licenses", static _ => true, TextFiles.Paragraphs), .. Files("doc", "/usr/share", "doc", IsDocument, TextFiles.Paragraphs)],
            ["man"] = Files("man", "/usr/share", "man", static file => file.EndsWith(".gz", StringComparison.Ordinal), ManualTexts.Read),
            ["locale"] = Files("locale", "/usr/share", "locale", static file => file.EndsWith(".mo", StringComparison.Ordinal), MessageTexts.Read),
            ["perldoc"] = [.. Folders("/usr/share", "perl").SelectMany(static folder => Files("perldoc", Path.GetDirectoryName(folder)!, Path.GetFileName(folder), static file => file.EndsWith(".pod", StringComparison.Ordinal), TextFiles.Paragraphs))],
        };
    }

    /// <summary>The text files of one folder, for small corpora that are the same everywhere.</summary>
    public static IReadOnlyDictionary<string, MachineText[]> OfFolder(string folder)
    {
        string full = Path.GetFullPath(folder);
        MachineText[] texts = Files("folder", Path.GetDirectoryName(full)!, Path.GetFileName(full), static _ => true, TextFiles.Paragraphs);
        return texts.Length > 0
            ? new Dictionary<string, MachineText[]>(StringComparer.Ordinal) { ["folder"] = texts }
            : throw new AlignmentDataException($"{folder}: holds no files; name a folder with texts.");
    }

    private static MachineText[] Files(string kind, string root, string below, Func<string, bool> taken, Func<string, IEnumerable<string>> read) =>
        [.. TextFiles.Below(Path.Combine(root, below), taken).Select(file => new MachineText(kind, Path.GetRelativePath(root, file), () => read(file)))];

    private static string[] Folders(string root, string pattern) => Directory.Exists(root) ? [.. Directory.GetDirectories(root, pattern).Order(StringComparer.Ordinal)] : [];

    private static bool IsDocument(string file)
    {
        string plain = file.EndsWith(".gz", StringComparison.Ordinal) ? file[..^3] : file;
        return plain.Length < file.Length || Array.Exists(DocumentEndings, ending => plain.EndsWith(ending, StringComparison.Ordinal));
    }
}
