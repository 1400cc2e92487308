using System.Runtime.InteropServices;
using System.Text;
using System.Xml;

namespace PtaKernels.Demo;

/// <summary>The prose of the .NET SDK's reference documentation, type by type: real text that is on every machine which can build this.</summary>
internal static class ReferenceTexts
{
    /// <summary>Packs with the documentation, and the domain of the types that each adds.</summary>
    private static readonly (string Pack, string Domain, string[] Prefixes)[] Packs =
    [
        ("Microsoft.NETCore.App.Ref", "core", ["System."]),
        ("Microsoft.AspNetCore.App.Ref", "web", ["Microsoft.AspNetCore.", "Microsoft.Extensions."]),
    ];

    /// <summary>One sentence template for every instruction of every processor: not prose.</summary>
    private const string LeftOut = "System.Runtime.Intrinsics.";

    /// <summary>The folder of packs of the SDK that runs this program.</summary>
    /// <exception cref="AlignmentDataException">The SDK has no such packs.</exception>
    public static string FindPacks()
    {
        string packs = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "packs"));
        return Directory.Exists(Path.Combine(packs, Packs[0].Pack))
            ? packs
            : throw new AlignmentDataException($"{packs}: the .NET SDK's reference packs are not there; the demonstration's text comes from them, so install the SDK (scripts/setup), not the runtime alone.");
    }

    /// <summary>All types with the entries of their documentation, in ordinal order of their names within each domain. An entry whose letters have been seen before is left out.</summary>
    /// <param name="packs">The folder of packs.</param>
    /// <exception cref="AlignmentDataException">A pack or its documentation is missing or damaged.</exception>
    public static IReadOnlyList<DocumentedType> Read(string packs)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var types = new List<DocumentedType>();
        foreach ((string pack, string domain, string[] prefixes) in Packs)
        {
            var entries = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
            foreach (string file in FilesOf(packs, pack))
                AddMembers(file, prefixes, entries);
            foreach ((string name, List<string> all) in entries)
            {
                string[] fresh = [.. all.Where(entry => LettersOf(entry) is { Length: > 0 } letters && seen.Add(letters))];
                if (fresh.Length > 0)
                    types.Add(new DocumentedType(name, domain, fresh));
            }
        }

        return types;
    }

    /// <summary>Which versions of the packs are read: what the texts depend on.</summary>
    /// <param name="packs">The folder of packs.</param>
    public static string VersionsIn(string packs) => string.Join(", ", Packs.Select(p => $"{p.Pack} {Path.GetFileName(NewestOf(packs, p.Pack))}"));

    private static string? NewestOf(string packs, string pack)
    {
        string folder = Path.Combine(packs, pack);
        // Several versions may be installed; the highest is taken.
        return !Directory.Exists(folder) ? null : Directory.GetDirectories(folder)
            .OrderBy(static d => Version.TryParse(Path.GetFileName(d).Split('-')[0], out Version? v) ? v : new Version()).ThenBy(static d => d, StringComparer.Ordinal).LastOrDefault();
    }

    private static string[] FilesOf(string packs, string pack)
    {
        string? newest = NewestOf(packs, pack);
        string[] files = newest is null || !Directory.Exists(Path.Combine(newest, "ref")) ? []
            : [.. Directory.GetFiles(Path.Combine(newest, "ref"), "*.xml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new AlignmentDataException($"{Path.Combine(packs, pack)}: holds no documentation; install the .NET SDK again (scripts/setup).");
    }

    private static void AddMembers(string file, string[] prefixes, SortedDictionary<string, List<string>> entries)
    {
        try
        {
            using var reader = XmlReader.Create(file, new XmlReaderSettings { IgnoreComments = true, IgnoreProcessingInstructions = true, DtdProcessing = DtdProcessing.Prohibit });
            while (reader.ReadToFollowing("member"))
            {
                string type = TypeOf(reader.GetAttribute("name") ?? "");
                if (!Array.Exists(prefixes, p => type.StartsWith(p, StringComparison.Ordinal)) || type.StartsWith(LeftOut, StringComparison.Ordinal))
                    continue;
                using XmlReader member = reader.ReadSubtree();
                foreach (string entry in EntriesOf(member))
                {
                    if (!entries.TryGetValue(type, out List<string>? list))
                        entries[type] = list = [];
                    list.Add(entry);
                }
            }
        }
        catch (Exception e) when (e is XmlException or IOException or UnauthorizedAccessException)
        {
            throw new AlignmentDataException($"{file}: {e.Message}; install the .NET SDK again (scripts/setup).", e);
        }
    }

    /// <summary>The text of each summary, parameter, remark and so on of a member, references by their last name, white space as one space.</summary>
    private static IEnumerable<string> EntriesOf(XmlReader member)
    {
        var text = new StringBuilder();
        while (member.Read())
        {
            if (member.Depth == 1 && member.NodeType is XmlNodeType.Element or XmlNodeType.EndElement)
            {
                if (Cleaned(text) is { Length: > 0 } entry)
                    yield return entry;
                text.Clear();
            }
            else if (member.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace)
            {
                text.Append(member.Value);
            }
            else if (member.NodeType == XmlNodeType.Element && member.Depth > 1)
            {
                string? named = member.GetAttribute("cref") is { } cref ? LastNameOf(cref) : member.GetAttribute("name") ?? member.GetAttribute("langword");
                text.Append(named ?? " ");
            }
        }
    }

    private static string Cleaned(StringBuilder text) => string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The type of a documented member, as <c>M:System.String.Format(System.String)</c> has it.</summary>
    private static string TypeOf(string member)
    {
        if (member.Length < 3 || member[1] != ':')
            return "";
        string name = member[2..].Split('(')[0];
        int dot = name.LastIndexOf('.');
        return member[0] == 'T' || dot < 0 ? name : name[..dot];
    }

    private static string LastNameOf(string cref)
    {
        string name = cref.Split('(')[0].Split('`', '{', '~')[0];
        return name[(name.LastIndexOfAny(['.', ':']) + 1)..];
    }

    private static string LettersOf(string entry) => string.Concat(entry.Where(char.IsLetter)).ToLowerInvariant();
}

/// <summary>A type and what its documentation says.</summary>
/// <param name="Name">With its namespace.</param>
/// <param name="Domain"><c>core</c> or <c>web</c>.</param>
/// <param name="Entries">Its texts, each of which stands nowhere before.</param>
internal sealed record DocumentedType(string Name, string Domain, string[] Entries);
