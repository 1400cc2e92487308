using System.Text;

namespace PtaKernels.Text;

/// <summary>A BPE's merges in their order: pairs of token strings.</summary>
internal static class MergeList
{
    /// <summary>Reads <c>merges.txt</c>: a first line that may begin with #version, then two strings a line.</summary>
    /// <exception cref="AlignmentDataException">A line holds something else.</exception>
    public static List<(string Left, string Right)> FromText(string file)
    {
        List<(string, string)> merges = [];
        string[] lines = Encoding.UTF8.GetString(VocabularyContent.Read(file)).Split('\n');
        for (int line = 0; line < lines.Length; line++)
        {
            string pair = lines[line].TrimEnd('\r');
            if (pair.Length == 0 || (line == 0 && pair.StartsWith("#version", StringComparison.Ordinal)))
                continue;
            merges.Add(Split(pair) ?? throw new AlignmentDataException($"{file}: line {line + 1} is {Quoted.Text(pair)}; expected two tokens with a space between them."));
        }

        return merges;
    }

    /// <summary>Reads <c>model.merges</c>: strings of two tokens with a space between them, or lists of two.</summary>
    /// <exception cref="AlignmentDataException">An item is something else.</exception>
    public static List<(string Left, string Right)> FromJson(JsonPlace list)
    {
        List<(string, string)> merges = [];
        foreach (JsonPlace item in list.Items())
        {
            if (item.IsArray && item.Items().ToArray() is [var left, var right])
                merges.Add((left.Text(), right.Text()));
            else
                merges.Add((item.IsString ? Split(item.Text()) : null) ?? throw item.Wrong("two tokens"));
        }

        return merges;
    }

    private static (string, string)? Split(string pair)
    {
        int space = pair.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && space < pair.Length - 1 && pair.IndexOf(' ', space + 1) < 0 ? (pair[..space], pair[(space + 1)..]) : null;
    }
}
