// What reviews would otherwise repeat. Messages say what to do instead.
import { defineConfigWithVueTs, vueTsConfigs } from '@vue/eslint-config-typescript'
import vue from 'eslint-plugin-vue'
import accessibility from 'eslint-plugin-vuejs-accessibility'
import globals from 'globals'

const wall = (files, patterns) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
})
const faces = ['operator', 'customer', 'devices', 'kiosk', 'phone']

export default defineConfigWithVueTs(
  { ignores: ['dist', 'src/api/schema.gen.ts'] },
  vue.configs['flat/recommended'],
  vueTsConfigs.strict,
  accessibility.configs['flat/recommended'],
  {
    files: ['**/*.{ts,vue}'],
    rules: {
      'vue/multi-word-component-names': 'off',
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-macros-order': 'error',
      'vue/no-v-html': 'error',
      // Prettier sets the lines.
      'vue/max-attributes-per-line': 'off',
      'vue/html-self-closing': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      // Props are destructured with their defaults.
      'vue/require-default-prop': 'off',
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
      'vuejs-accessibility/form-control-has-label': 'off',
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'Call a name of api/edge.ts; only api/ fetches.' },
        {
          name: 'EventSource',
          message: 'Follow a view with stream/view.ts; only stream/ opens streams.',
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='toFixed']",
          message: 'Format money with formatMoney; a float never becomes an amount.',
        },
        {
          selector: "CallExpression[callee.property.name='randomUUID']",
          message: 'Make ids with newId; randomUUID is absent on plain http.',
        },
        { selector: 'TSEnumDeclaration', message: 'Use a union of strings.' },
      ],
    },
  },
  { files: ['src/api/**', 'src/stream/**'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['src/device/profile.ts'], rules: { 'no-restricted-syntax': 'off' } },
  wall(
    ['src/ui/**/*.{ts,vue}'],
    [
      {
        group: [
          '../operator/*',
          '../customer/*',
          '../devices/*',
          '../kiosk/*',
          '../phone/*',
          '../api/*',
          '../stream/*',
          '../scan/*',
          '../input/*',
          '../device/*',
        ],
        message: 'ui/ knows no domain: only model/, styles/ and locales/.',
      },
    ],
  ),
  wall(
    ['src/model/**/*.ts'],
    [
      {
        group: [
          '../ui/*',
          '../stream/*',
          '../operator/*',
          '../customer/*',
          '../devices/*',
          '../kiosk/*',
          '../phone/*',
        ],
        message: 'model/ only formats.',
      },
    ],
  ),
  ...faces.map((face) =>
    wall(
      [`src/${face}/**/*.{ts,vue}`],
      [
        {
          group: faces
            .filter((other) => other !== face)
            .flatMap((other) => [`../${other}/*`, `../../${other}/*`]),
          message: 'Faces never import each other.',
        },
      ],
    ),
  ),
  {
    files: ['*.{js,mjs,ts}', 'e2e/**/*.mjs', 'gallery/*.ts'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
)
