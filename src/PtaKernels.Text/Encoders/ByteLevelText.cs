using System.Text.Unicode;

namespace PtaKernels.Text;

/// <summary>What a byte-level tokenizer does to a text before it cuts it.</summary>
internal sealed class ByteLevelText
{
    /// <summary>Whether a space is put before a text that does not start with one.</summary>
    public bool AddsPrefixSpace { get; init; }

    /// <summary>Whether the text is brought into Unicode's composed form first.</summary>
    public bool Composes { get; init; }

    /// <summary>Tokens that are matched in the text as they are, null for none.</summary>
    public AddedTokens? Added { get; init; }

    /// <summary>Those of them that are found before the text is composed, so that none of their characters is; null for none.</summary>
    public AddedTokens? AddedBeforeComposing { get; init; }

    /// <summary>Prepares a text.</summary>
    /// <param name="text">The text; a byte of no character becomes U+FFFD.</param>
    /// <param name="inside">The text is a piece from inside of a longer one: no space is put before it.</param>
    /// <param name="destination">Receives the result.</param>
    public void Normalize(ReadOnlySpan<byte> text, bool inside, NormalizedText destination)
    {
        destination.Clear();
        if (text.IsEmpty)
            return;
        if (AddsPrefixSpace && !inside && text[0] != ' ')
            destination.Add((byte)' ', 0);
        if (!Utf8.IsValid(text))
            Repair(text, destination);
        else
            Append(text, 0, text.Length, destination);
    }

    private void Repair(ReadOnlySpan<byte> text, NormalizedText destination)
    {
        int whole = 0;
        for (int position = 0; position < text.Length;)
        {
            int length = Utf8Text.Decode(text[position..], out _);
            if (length == 0)
            {
                Append(text, whole, position, destination);
                destination.Add(Utf8Text.Replacement, position, position + 1);
                whole = position + 1;
            }

            position += Math.Max(length, 1);
        }

        Append(text, whole, text.Length, destination);
    }

    private void Append(ReadOnlySpan<byte> text, int start, int end, NormalizedText destination)
    {
        if (!Composes)
        {
            destination.Copy(text[start..end], start);
            return;
        }

        while (start < end)
        {
            int next = AddedBeforeComposing?.Next(text[..end], start) ?? end;
            ComposedForm.Append(text[start..next], start, destination);
            int length = next < end ? AddedBeforeComposing!.At(text[..end], next, out _) : 0;
            destination.Copy(text.Slice(next, length), next);
            start = next + length;
        }
    }
}
