namespace PtaKernels.Text;

/// <summary>A pattern by which a byte-level tokenizer cuts text before it joins pairs: hand-written matchers of the published regular expressions.</summary>
/// <remarks>
/// Written by hand because .NET's expressions work on halves of surrogate pairs, so that letters above U+FFFF are none to them, and because ours run on UTF-8
/// and give byte positions. Where an expression ignores case, U+017F counts as an s, as in the originals.
/// </remarks>
internal abstract class PretokenPattern
{
    private const CharacterClass SpaceLetterNumber = CharacterClass.Space | CharacterClass.Letter | CharacterClass.Number;

    private const string GptTwoText = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Cl100kText = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string O200kText =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>r50k, p50k and GPT-2.</summary>
    public static PretokenPattern GptTwo { get; } = new GptTwoPattern();

    /// <summary>cl100k and Llama 3.</summary>
    public static PretokenPattern Cl100k { get; } = new Cl100kPattern(3);

    /// <summary>o200k.</summary>
    public static PretokenPattern O200k { get; } = new O200kPattern();

    private static readonly Dictionary<string, PretokenPattern> Known = new(StringComparer.Ordinal)
    {
        [GptTwoText] = GptTwo,
        [@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"] = GptTwo,
        [Cl100kText] = Cl100k,
        [@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"] = Cl100k,
        [@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"] = Cl100k,
        [Cl100kText.Replace(@"\p{N}{1,3}", @"\p{N}", StringComparison.Ordinal)] = new Cl100kPattern(1),
        [O200kText] = O200k,
    };

    /// <summary>The matcher of a regular expression, null for one that is not known.</summary>
    public static PretokenPattern? Find(string expression) => Known.GetValueOrDefault(expression);

    /// <summary>Where the piece that starts at a place ends.</summary>
    /// <param name="text">Valid UTF-8.</param>
    /// <param name="start">A character of it.</param>
    public abstract int End(ReadOnlySpan<byte> text, int start);

    /// <summary>'s, 't, 're, 've, 'm, 'll, 'd at a place: its length in bytes, 0 for none.</summary>
    private protected static int Contraction(ReadOnlySpan<byte> text, int start, bool ignoreCase)
    {
        if (start + 1 >= text.Length || text[start] != '\'')
            return 0;
        int first = Lower(text[start + 1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
            return 2;
        if (start + 2 >= text.Length)
            return 0;
        int second = Lower(text[start + 2], ignoreCase);
        bool two = first switch
        {
            'r' or 'v' => second == 'e',
            'l' => second == 'l',
            _ => false,
        };
        // U+017F, a long s: its capital is S.
        bool longS = ignoreCase && text[start + 1] == 0xC5 && text[start + 2] == 0xBF;
        return two || longS ? 3 : 0;
    }

    /// <summary>\s*[\r\n]+ where it matches, else \s+(?!\S), else \s+: a run of white space that starts at a place.</summary>
    private protected static int EndOfSpaces(ReadOnlySpan<byte> text, int start, bool lines)
    {
        (int position, int afterLine, int last) = (start, -1, start);
        while (position < text.Length && CharacterClasses.Read(text, position, out int length) is var c && (c & CharacterClass.Space) != 0)
        {
            last = position;
            position += length;
            if ((c & CharacterClass.LineEnd) != 0)
                afterLine = position;
        }

        if (lines && afterLine >= 0)
            return afterLine;
        return position == text.Length || last == start ? position : last;
    }

    private static int Lower(byte letter, bool ignoreCase) => ignoreCase && letter is >= (byte)'A' and <= (byte)'Z' ? letter | 0x20 : letter;

    private sealed class GptTwoPattern : PretokenPattern
    {
        public override int End(ReadOnlySpan<byte> text, int start)
        {
            if (Contraction(text, start, ignoreCase: false) is > 0 and int contraction)
                return start + contraction;
            int body = text[start] == ' ' ? start + 1 : start;
            if (body == text.Length)
                return body;
            CharacterClass c = CharacterClasses.Read(text, body, out int length);
            if ((c & CharacterClass.Letter) != 0)
                return CharacterClasses.EndOfRun(text, body + length, CharacterClass.Letter);
            if ((c & CharacterClass.Number) != 0)
                return CharacterClasses.EndOfRun(text, body + length, CharacterClass.Number);
            return (c & CharacterClass.Space) == 0
                ? CharacterClasses.EndOfRunWithout(text, body + length, SpaceLetterNumber)
                : EndOfSpaces(text, start, lines: false);
        }
    }

    private sealed class Cl100kPattern(int longestNumber) : PretokenPattern
    {
        public override int End(ReadOnlySpan<byte> text, int start)
        {
            if (Contraction(text, start, ignoreCase: true) is > 0 and int contraction)
                return start + contraction;
            CharacterClass first = CharacterClasses.Read(text, start, out int length);
            if ((first & CharacterClass.Letter) != 0)
                return CharacterClasses.EndOfRun(text, start + length, CharacterClass.Letter);
            if ((first & CharacterClass.Number) != 0)
                return EndOfNumber(text, start, longestNumber);
            int body = start + length;
            CharacterClass second = body < text.Length ? CharacterClasses.Read(text, body, out length) : CharacterClass.Space;
            if ((first & CharacterClass.LineEnd) == 0 && (second & CharacterClass.Letter) != 0)
                return CharacterClasses.EndOfRun(text, body + length, CharacterClass.Letter);
            return EndOfRest(text, start, body, first, second, slash: false);
        }
    }

    private sealed class O200kPattern : PretokenPattern
    {
        public override int End(ReadOnlySpan<byte> text, int start)
        {
            CharacterClass first = CharacterClasses.Read(text, start, out int length);
            int body = start + length;
            bool prefix = (first & (CharacterClass.LineEnd | CharacterClass.Letter | CharacterClass.Number)) == 0 && body < text.Length;
            int end = prefix ? EndWithLower(text, body) : 0;
            if (end == 0)
                end = EndWithLower(text, start);
            if (end == 0 && prefix && CharacterClasses.EndOfRun(text, body, CharacterClass.Upper) is var withPrefix && withPrefix > body)
                end = withPrefix;
            if (end == 0 && CharacterClasses.EndOfRun(text, start, CharacterClass.Upper) is var without && without > start)
                end = without;
            if (end > 0)
                return end + Contraction(text, end, ignoreCase: true);
            if ((first & CharacterClass.Number) != 0)
                return EndOfNumber(text, start, 3);
            CharacterClass second = body < text.Length ? CharacterClasses.Read(text, body, out _) : CharacterClass.Space;
            return EndOfRest(text, start, body, first, second, slash: true);
        }

        /// <summary>
        /// Upper* Lower+ at a place: where it ends, 0 where it does not match. The capitals give back as far as the last character of the run that is of both
        /// classes, where no lower one follows.
        /// </summary>
        private static int EndWithLower(ReadOnlySpan<byte> text, int start)
        {
            (int position, int both) = (start, 0);
            while (position < text.Length && CharacterClasses.Read(text, position, out int length) is var c && (c & CharacterClass.Upper) != 0)
            {
                position += length;
                if ((c & CharacterClass.Lower) != 0)
                    both = position;
            }

            int end = CharacterClasses.EndOfRun(text, position, CharacterClass.Lower);
            return end > position ? end : both;
        }
    }

    private static int EndOfNumber(ReadOnlySpan<byte> text, int start, int longest)
    {
        for (int i = 0; i < longest && start < text.Length && (CharacterClasses.Read(text, start, out int length) & CharacterClass.Number) != 0; i++)
            start += length;
        return start;
    }

    /// <summary> ?[^\s\p{L}\p{N}]+[\r\n]*, with a slash among the last for o200k, else white space.</summary>
    private static int EndOfRest(ReadOnlySpan<byte> text, int start, int body, CharacterClass first, CharacterClass second, bool slash)
    {
        int sign = (first & SpaceLetterNumber) == 0 ? start : text[start] == ' ' && (second & SpaceLetterNumber) == 0 ? body : -1;
        if (sign < 0)
            return EndOfSpaces(text, start, lines: true);
        int end = CharacterClasses.EndOfRunWithout(text, sign, SpaceLetterNumber);
        while (end < text.Length && (text[end] is (byte)'\r' or (byte)'\n' || (slash && text[end] == '/')))
            end++;
        return end;
    }
}
