namespace PtaKernels.Text;

/// <summary>The steps of a <c>tokenizer.json</c> before its model, recognised one by one; what is not known exactly is refused by its name.</summary>
internal sealed class HuggingFaceSteps
{
    private readonly string _file;

    private HuggingFaceSteps(string file) => _file = file;

    /// <summary>Whether the model works on bytes.</summary>
    public bool ByteLevel { get; private set; }

    /// <summary>The pattern that cuts the text, null for none.</summary>
    public PretokenPattern? Pattern { get; private set; }

    /// <summary>Normalisation form C.</summary>
    public bool Composes { get; private set; }

    /// <summary>A byte-level tokenizer puts a space before a text that does not start with one.</summary>
    public bool AddsPrefixSpace { get; private set; }

    /// <summary>Spaces become markers.</summary>
    public bool MarksSpaces { get; private set; }

    /// <summary>A marker is put before the text, whatever it starts with.</summary>
    public bool Prepends { get; private set; }

    /// <summary>A marker is put before a text that does not start with one.</summary>
    public bool PrependsOnce { get; private set; }

    /// <summary>The model sees words, each from a marker up to the next one.</summary>
    public bool SplitsAtMarkers { get; private set; }

    /// <summary>Reads the steps.</summary>
    /// <exception cref="AlignmentDataException">A step, or a combination of steps, is not supported.</exception>
    public static HuggingFaceSteps Of(JsonPlace root)
    {
        var steps = new HuggingFaceSteps(root.File);
        foreach (JsonPlace step in TokenizerStyle.Steps(root.Find("normalizer"), "normalizers"))
            steps.AddNormalizer(step);
        foreach (JsonPlace step in TokenizerStyle.Steps(root.Find("pre_tokenizer"), "pretokenizers"))
            steps.AddPreTokenizer(step);
        if (steps.ByteLevel && (steps.MarksSpaces || steps.Prepends))
            throw steps.Refused("both marks spaces and works on bytes, a combination");
        if (!steps.ByteLevel && (steps.Pattern is not null || steps.Composes || !steps.MarksSpaces))
            throw steps.Refused("neither works on bytes nor only marks spaces, a kind");
        return steps;
    }

    private void AddNormalizer(JsonPlace step)
    {
        switch (TypeOf(step))
        {
            case "NFC":
                Composes = true;
                break;
            case "Prepend" when step.Find("prepend")?.Text() == "▁" && !MarksSpaces:
                Prepends = true;
                break;
            case "Replace" when ReplacesSpace(step):
                MarksSpaces = true;
                break;
            default:
                throw Unknown(step);
        }
    }

    private void AddPreTokenizer(JsonPlace step)
    {
        if (ByteLevel)
            throw Unknown(step);
        switch (TypeOf(step))
        {
            case "ByteLevel":
                ByteLevel = true;
                AddsPrefixSpace = step.Flag("add_prefix_space", missing: true);
                bool cuts = step.Flag("use_regex", missing: true);
                if (Pattern is not null && (cuts || AddsPrefixSpace))
                    throw Refused("cuts the text by two patterns, or puts a space before each piece, a way");
                Pattern ??= cuts ? PretokenPattern.GptTwo : null;
                break;
            case "Split" when step.Find("pattern")?.Find("Regex")?.Text() is { } expression && Isolates(step) && Pattern is null:
                Pattern = PretokenPattern.Find(expression)
                    ?? throw Refused($"cuts the text by {Quoted.Text(expression)}, not GPT-2's, cl100k's, Llama 3's, Qwen 2's or o200k's, a pattern");
                break;
            // After spaces were marked there is none to split at.
            case "Split" when MarksSpaces && step.Find("pattern")?.Find("String")?.Text() == " ":
                break;
            case "Metaspace" when (step.Find("replacement")?.Text() ?? "▁") == "▁" && !Prepends && !PrependsOnce:
                MarksSpaces = true;
                PrependsOnce = TokenizerStyle.Prepends(step);
                SplitsAtMarkers = step.Flag("split", missing: true);
                break;
            default:
                throw Unknown(step);
        }
    }

    private static string TypeOf(JsonPlace step) => step.Find("type")?.Text() ?? throw step.Wrong("a step with its type");

    private static bool ReplacesSpace(JsonPlace step) =>
        step.Find("pattern")?.Find("String")?.Text() == " " && step.Find("content")?.Text() == "▁";

    private static bool Isolates(JsonPlace step) => step.Find("behavior")?.Text() == "Isolated" && !step.Flag("invert");

    private AlignmentDataException Unknown(JsonPlace step) => Refused($"has the step {Quoted.Shown(TypeOf(step))} at {Quoted.Shown(step.Where)}, in a form or place");

    private AlignmentDataException Refused(string what) => new(
        $"{_file}: {what} that is not supported for encoding; expected byte-level BPE, or BPE or Unigram that only marks spaces, or name the .model of this tokenizer.");
}
