using System.Globalization;

namespace PtaKernels.Training;

internal static partial class ConfigReader
{
    private static readonly Dictionary<string, bool> LayerNorms = new() { ["low_precision_layernorm"] = true, ["layernorm"] = true };

    private static readonly Dictionary<string, RopeScalingKind?> Scalings = new()
    {
        ["default"] = null,
        ["linear"] = RopeScalingKind.Linear,
        ["dynamic"] = RopeScalingKind.Dynamic,
        ["llama3"] = RopeScalingKind.Llama3,
        ["yarn"] = RopeScalingKind.Yarn,
    };

    private static ModelConfig ReadMpt(ConfigOptions options)
    {
        int width = options.Count("d_model", 2048);
        int heads = options.Count("n_heads", 16);
        // Learned positions are not used beside ALiBi, whatever the file says of them.
        options.Ignore("init_config", "init_device", "tokenizer_name", "verbose", "learned_pos_emb", "fc_type", "use_pad_tok_in_ffn");
        options.Only("1", "embedding_fraction");
        options.Only("true", "no_bias");
        options.Choice("norm_type", "low_precision_layernorm", LayerNorms);
        if (options.Has("logit_scale"))
            throw options.Error("logit_scale", "is not supported; only null is");
        if (options.Object("ffn_config") is { } feedForward)
        {
            feedForward.Only("mptmlp", "ffn_type");
            feedForward.Ignore("fc_type");
            feedForward.Finish();
        }

        ConfigOptions attention = options.Object("attn_config") ?? throw options.Error("attn_config", "is missing; copy the file from the model's origin");
        attention.Ignore("attn_impl", "model_type", "rope_theta", "rope_impl", "rope_dail_config", "rope_hf_config", "fused_qkv");
        attention.Dropout("attn_pdrop");
        attention.Only("multihead_attention", "attn_type");
        attention.Only("false", "prefix_lm", "qk_ln", "qk_gn", "rope", "attn_uses_sequence_id");
        attention.Only("true", "alibi");
        attention.Only("-1", "sliding_window_size");
        attention.Only(heads.ToString(CultureInfo.InvariantCulture), "kv_n_heads");
        if (!attention.Flag("alibi", false))
            throw attention.Error("alibi", "is not true; MPT without ALiBi is not supported");
        var config = new ModelConfig
        {
            Family = ModelFamily.Mpt,
            Vocabulary = options.Count("vocab_size"),
            Width = width,
            Layers = options.Count("n_layers", 24),
            Heads = heads,
            KeyValueHeads = heads,
            HeadWidth = Divide(options, "d_model", width, "n_heads", heads),
            FeedForward = checked(width * options.Count("expansion_ratio", 4)),
            MaxLength = options.Count("max_seq_len", 2048),
            NormEpsilon = options.Positive("layer_norm_epsilon") ?? options.Positive("norm_eps") ?? 1e-5,
            TiedEmbedding = options.Flag("tie_word_embeddings", true),
            Activation = Activation.Gelu,
            AlibiBiasMax = attention.Positive("alibi_bias_max") ?? 8,
            ClipQkv = attention.Positive("clip_qkv"),
            SoftmaxScale = attention.Positive("softmax_scale"),
        };
        attention.Finish();
        return config;
    }

    private static ModelConfig ReadGptNeoX(ConfigOptions options)
    {
        int heads = options.Count("num_attention_heads");
        int width = options.Count("hidden_size");
        int headWidth = Divide(options, "hidden_size", width, "num_attention_heads", heads);
        int maxLength = options.Count("max_position_embeddings", 2048);
        (double theta, RopeScaling? scaling) = Rope(options, "rotary_emb_base", maxLength);
        double share = options.Object("rope_parameters")?.Positive("partial_rotary_factor") ?? options.Positive("rotary_pct") ?? 0.25;
        int rotary = (int)(headWidth * share);
        if (share > 1 || rotary < 2 || rotary % 2 != 0)
            throw options.Error("rotary_pct", string.Create(CultureInfo.InvariantCulture, $"is {share}, which makes {rotary} of {headWidth} dimensions rotary; an even number from 2 to {headWidth} is supported"));
        bool bias = options.Flag("attention_bias", true);
        return new ModelConfig
        {
            Family = ModelFamily.GptNeoX,
            Vocabulary = options.Count("vocab_size"),
            Width = width,
            Layers = options.Count("num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = heads,
            HeadWidth = headWidth,
            FeedForward = options.Count("intermediate_size"),
            MaxLength = maxLength,
            NormEpsilon = options.Positive("layer_norm_eps") ?? 1e-5,
            TiedEmbedding = options.Flag("tie_word_embeddings", false),
            Activation = options.Choice("hidden_act", "gelu", Activations),
            AttentionBias = bias,
            OutputBias = bias,
            FeedForwardBias = true,
            RopeTheta = theta,
            RotaryWidth = rotary,
            RopeScaling = scaling,
            ParallelResidual = options.Flag("use_parallel_residual", true),
        };
    }

    /// <summary>Base and scaling of rotary angles, in any of the three places that files have them.</summary>
    private static (double Theta, RopeScaling? Scaling) Rope(ConfigOptions options, string thetaName, int maxLength)
    {
        ConfigOptions? scaling = options.Object("rope_parameters");
        double theta = scaling?.Positive("rope_theta") ?? options.Positive("rope_theta") ?? options.Positive(thetaName) ?? 10000;
        _ = options.Positive("rotary_emb_base"); // NeoX files may give both
        scaling ??= options.Object("rope_scaling");
        if (scaling is null)
            return (theta, null);
        scaling.Ignore("rope_type", "type", "partial_rotary_factor");
        RopeScalingKind? kind = scaling.Choice(scaling.Has("rope_type") ? "rope_type" : "type", "default", Scalings);
        if (kind is null)
        {
            scaling.Ignore("factor");
            scaling.Finish();
            return (theta, null);
        }

        double factor = scaling.Positive("factor") ?? throw scaling.Error("factor", "is missing; copy the file from the model's origin");
        if (factor < 1)
            throw scaling.Error("factor", "must be at least 1");
        int original = scaling.Count("original_max_position_embeddings", kind == RopeScalingKind.Llama3 ? null : maxLength);
        var result = new RopeScaling { Kind = kind.Value, Factor = factor, OriginalLength = original };
        if (kind == RopeScalingKind.Llama3)
        {
            result = result with
            {
                LowFrequencyFactor = scaling.Positive("low_freq_factor") ?? throw scaling.Error("low_freq_factor", "is missing; copy the file from the model's origin"),
                HighFrequencyFactor = scaling.Positive("high_freq_factor") ?? throw scaling.Error("high_freq_factor", "is missing; copy the file from the model's origin"),
            };
            if (result.HighFrequencyFactor <= result.LowFrequencyFactor)
                throw scaling.Error("high_freq_factor", "must be above low_freq_factor");
        }
        else if (kind == RopeScalingKind.Yarn)
        {
            scaling.Only("true", "truncate");
            result = result with
            {
                BetaFast = scaling.Positive("beta_fast") ?? 32,
                BetaSlow = scaling.Positive("beta_slow") ?? 1,
                AttentionFactor = scaling.Positive("attention_factor"),
            };
        }

        scaling.Finish();
        return (theta, result);
    }

    private static int Divide(ConfigOptions options, string name, int value, string byName, int by) =>
        value % by == 0 ? value / by : throw options.Error(name, $"is {value}, no multiple of {byName} ({by})");
}
