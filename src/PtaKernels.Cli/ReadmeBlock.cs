namespace PtaKernels.Cli;

/// <summary>A part of a README that a command writes, between its two marks.</summary>
/// <param name="name">Its name in the marks.</param>
internal sealed class ReadmeBlock(string name)
{
    public string Begin => $"<!-- {name}:begin -->";

    public string End => $"<!-- {name}:end -->";

    /// <summary>Rewrites the block and leaves every other byte alone.</summary>
    /// <exception cref="AlignmentDataException">The README or its block is missing.</exception>
    public void Rewrite(string readme, Func<string> content)
    {
        string text = File.Exists(readme) ? File.ReadAllText(readme) : throw new AlignmentDataException($"{readme}: no such file, so there is no {name} table to write.");
        int begin = text.IndexOf(Begin, StringComparison.Ordinal), end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new AlignmentDataException($"{readme}: has no block between {Begin} and {End}; add the two lines where the table belongs.");
        File.WriteAllText(readme, text[..(begin + Begin.Length)] + "\n" + content() + text[end..]);
    }
}
